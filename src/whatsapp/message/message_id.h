// The ids of our messages: "3EB0" and 18 upper-case hex digits, as web clients make them. An id is fixed
// before the first write and used again for every re-send. Spec 05 §1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace whatsapp::message {

/// For messages that begin here. `own_user`: digits of our phone number. Draws 16 bytes.
std::string generate_message_id(std::string_view own_user, std::uint64_t unix_seconds, base::Random& random);

/// For queued messages: the same queue entry of the same instance has the same id after any crash, so that
/// the server recognises a message it already has.
std::string derive_message_id(std::string_view instance_id, std::string_view queue_id);

}  // namespace whatsapp::message
