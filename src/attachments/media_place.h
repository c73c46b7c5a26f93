// Where received files lie: MEDIA_BASE/<instance id>/<message id>.<ext>, and how one sees from the outside
// whether a file is still owed to the edge: as long as it is, an empty file with ".owed" behind its name lies
// beside it. Whoever clears up leaves both alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace worker {

inline constexpr std::string_view kOwedMark = ".owed";

struct MediaPlace {
  std::string folder;
  std::string file;
  std::string mark;
};

/// Ids come from outside: everything but letters, digits, '-' and '_' becomes '_', and long ones are cut; an
/// id that was changed gets a part of its hash, so that two never share a file.
MediaPlace media_place(std::string_view media_base, std::string_view instance_id, std::string_view message_id,
                       std::string_view mimetype);

// Blocking, for a lane.
/// Makes the folder and the mark.
base::Result<void> begin_owing(const MediaPlace& place);
void end_owing(const MediaPlace& place);
bool is_there(const std::string& path);

}  // namespace worker
