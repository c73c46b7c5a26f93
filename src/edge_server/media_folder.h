// Media files on disk: <folder>/<instance>/<media id>. Written to a temporary name, flushed, then renamed, so
// that a full disk or a crash never leaves half a file under a name that somebody was given. Blocking: call
// on a lane.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace edge_server {

class MediaFolder {
 public:
  explicit MediaFolder(std::string folder) : folder_(std::move(folder)) {}

  /// `instance_id` has been checked by is_instance_id(), `media_id` is our own.
  base::Result<void> write(std::string_view instance_id, std::string_view media_id,
                           base::ByteView bytes) const;
  base::Result<std::string> read(std::string_view instance_id, std::string_view media_id) const;
  void remove(std::string_view instance_id, std::string_view media_id) const;
  void remove_all(std::string_view instance_id) const;

 private:
  [[nodiscard]] std::string path(std::string_view instance_id, std::string_view media_id) const;
  std::string folder_;
};

}  // namespace edge_server
