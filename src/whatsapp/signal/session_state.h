// One double ratchet: everything two devices share since one of them began a session with the other.
// A plain value; the rules are in session_builder.h and session_cipher.h. Spec 04 §5, §6, §16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/secret.h"
#include "crypto/curve25519.h"
#include "whatsapp/signal/chain.h"

namespace whatsapp::signal {

/// Chains we can still read; the oldest is dropped.
inline constexpr std::size_t kMaxReceiverChains = 5;

/// The chain our messages come from.
struct SenderChain {
  crypto::KeyPair ratchet;
  ChainKey chain;
};

/// A chain of the other side's messages.
struct ReceiverChain {
  crypto::PublicKey ratchet{};
  std::uint32_t index = 0;  // counter of the next message
  /// Key for `index`. Absent in a closed chain, which an import can bring: only skipped keys are left.
  std::optional<base::Secret<32>> key;
  SkippedKeys skipped;
};

/// While the other side has not answered, every message repeats how the session began.
struct PendingPreKey {
  std::optional<std::uint32_t> pre_key_id;
  std::uint32_t signed_pre_key_id = 0;
  crypto::PublicKey base_key{};
};

struct SessionState {
  crypto::PublicKey local_identity{};
  crypto::PublicKey remote_identity{};
  base::Secret<32> root_key;
  /// Counter of the last message on our chain before this one, 0 if none.
  std::uint32_t previous_counter = 0;
  std::optional<SenderChain> sender;     // absent only in imported states: they can read, not write
  std::vector<ReceiverChain> receivers;  // oldest first
  std::optional<PendingPreKey> pending;
  std::uint32_t remote_registration_id = 0;
  std::uint32_t local_registration_id = 0;
  crypto::PublicKey base_key{};  // of the side that began: the name of this state
};

}  // namespace whatsapp::signal
