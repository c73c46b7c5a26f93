// A queued message as the journal keeps it, so that it can be sent after a crash: JSON in the shape in which
// the edge gave it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/types.h"

namespace worker {

std::string encode_payload(const edge::QueuedMessage& message);
/// kMalformed when it is not what encode_payload() wrote.
base::Result<edge::QueuedMessage> decode_payload(std::string_view payload, std::string_view instance_id);

/// What the journal remembers for send_debug and the marks.
struct SendNote {
  std::string result;        // a few words for the person who looks at the edge
  std::int64_t sent_at = 0;  // the server's Unix seconds; 0: not sent
  edge::Retryable retryable = edge::Retryable::kNo;
};
std::string encode_note(const SendNote& note);
/// An unreadable note is an empty one.
SendNote decode_note(std::string_view note);

}  // namespace worker
