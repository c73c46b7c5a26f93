// Reading one message in one state. First open_message() works out, without touching the state, whether the
// state can read it; then take_in() lets the state move on. Between the two the caller knows that the message
// is genuine. Private to this room. Spec 04 §6, §8.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "base/random.h"
#include "whatsapp/signal/chain.h"
#include "whatsapp/signal/decrypt_error.h"
#include "whatsapp/signal/session_state.h"
#include "whatsapp/signal/wire_message.h"

namespace whatsapp::signal {

/// The two keys that a ratchet step or a key agreement gives.
struct RootAndChain {
  base::Secret<32> root;
  base::Secret<32> chain;
};

/// One half step: HKDF over the secret that `ours` and `theirs` agree on, salted with the root key.
base::Result<RootAndChain> ratchet_half_step(const base::Secret<32>& root, const crypto::PrivateKey& ours,
                                             const crypto::PublicKey& theirs);

struct OpenedMessage {
  base::Bytes plaintext;
  ChainAdvance advance;
  /// Set if the message came with a ratchet key that the state had not seen: the new root and the first
  /// key of the new receiver chain.
  std::optional<RootAndChain> step;
};

[[nodiscard]] const ReceiverChain* find_receiver(const SessionState& state, const crypto::PublicKey& ratchet);

std::expected<OpenedMessage, DecryptError> open_message(const SessionState& state,
                                                        const SignalMessage& message, std::uint32_t max_jump);

/// Moves the state past the opened message. After a new ratchet key it also draws our own next one (32
/// bytes) and begins a new sender chain. On failure, which only a broken key agreement can cause, the state
/// is as before.
std::expected<void, DecryptError> take_in(SessionState& state, const SignalMessage& message,
                                          const OpenedMessage& opened, base::Random& random);

}  // namespace whatsapp::signal
