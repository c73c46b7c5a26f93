// What is kept of a message for those that come later and are about it. Spec 05 §6.1.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/message/content_builder.h"

namespace whatsapp::message {

struct KeptParts {
  std::optional<MessageSecret> secret;
  base::Bytes poll;  // PollCreationMessage with name and options only; empty: no poll, or one out of bounds
  enum class Event { kNo, kYes } event = Event::kNo;
};

/// Of a serialised Message, wrapped or not. Nothing of bytes that are none.
KeptParts kept_parts(base::ByteView message);

/// The options inside KeptParts::poll.
std::vector<std::string> kept_poll_options(base::ByteView poll);

}  // namespace whatsapp::message
