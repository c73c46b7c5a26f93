// What the queue needs to send files: one that fetches the file of a queued message, encrypts it and puts it
// onto WhatsApp's media hosts. In production attachments/ does it; in tests a fake.
#pragma once

#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/message/media_reference.h"

namespace worker {

struct MediaOrder {
  std::string queue_id;  // for logs
  std::string url;       // where the edge's user has it
  whatsapp::media::MediaKind kind = whatsapp::media::MediaKind::kDocument;
  std::string mime_type;  // as the edge said; may be empty
  std::string file_name;
  enum class Audience { kPeople, kChannel } audience = Audience::kPeople;  // channels get files in the clear
};

class MediaPreparer {
 public:
  virtual ~MediaPreparer() = default;
  /// The file's place and all that is known about it, ready to be put into a message. Errors: kLimit (too
  /// large); kClosed, kCancelled (not connected: another time); kUnavailable, kTimeout (hosts cannot now);
  /// anything else means that this URL will never give a file.
  virtual runtime::Task<base::Result<whatsapp::message::MediaReference>> prepare(MediaOrder order) = 0;
};

}  // namespace worker
