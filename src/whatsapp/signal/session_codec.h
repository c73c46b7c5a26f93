// Between a session state and its stored bytes (SessionStructure). Private to this room.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "whatsapp/signal/secret_buffer.h"
#include "whatsapp/signal/session_state.h"

namespace whatsapp::signal {

SecretBuffer encode_session_state(const SessionState& state);
/// Absent unless every key has its length and its form.
std::optional<SessionState> decode_session_state(base::ByteView bytes);

}  // namespace whatsapp::signal
