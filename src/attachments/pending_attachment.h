// The file of a message that has arrived, as it waits in the spool beside its message: where it is, how it is
// read, and what one needs to ask the phone for it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/types.h"
#include "whatsapp/message/media_reference.h"

namespace worker {

struct PendingAttachment {
  std::string instance_id;
  std::string message_id;
  std::string chat;         // JID text
  std::string participant;  // in groups, of others' messages
  edge::MessageOrigin origin = edge::MessageOrigin::kReceived;
  std::int64_t received_at = 0;  // Unix seconds, by our clock: when trying to bring it began
  whatsapp::message::MediaReference file{};
};

/// One JSON value as text.
std::string encode_attachment(const PendingAttachment& attachment);
/// kMalformed.
base::Result<PendingAttachment> decode_attachment(std::string_view text);

}  // namespace worker
