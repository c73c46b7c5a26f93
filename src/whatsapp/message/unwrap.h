// Taking the wrappers off a Message, for the reader of content. Wrappers say how content is to be treated
// (disappearing, view once, edited, …) and hold the real content one level down. Spec 05 §5.2.
#pragma once

#include <cstddef>

#include "proto/message.pb.h"

namespace whatsapp::message {

struct Unwrapped {
  /// Null when there is nothing inside the innermost wrapper, or there are too many of them.
  const proto::Message* innermost = nullptr;
  bool too_deep = false;
  bool view_once = false;
  bool ephemeral = false;
  bool edited = false;
};

/// deviceSentMessage is not taken off: whether it may be believed depends on the sender.
Unwrapped unwrap(const proto::Message& message);

/// The poll of an unwrapped message, whichever version it has; null: none.
const proto::PollCreationMessage* poll_in(const proto::Message& message);

/// How many Messages lie inside each other, this one included; stops counting at `limit` + 1.
std::size_t nesting(const proto::Message& message, std::size_t limit);

}  // namespace whatsapp::message
