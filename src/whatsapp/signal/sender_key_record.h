// Group encryption: each member device has a sender key, a chain that it hands to the others once and then
// uses for all of them. One record per (chat, sender address), with the last five keys of that sender,
// newest first. Spec 04 §9.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "whatsapp/signal/chain.h"

namespace whatsapp::signal {

inline constexpr std::size_t kMaxSenderKeyStates = 5;

struct SenderKeyState {
  std::uint32_t id = 0;
  ChainKey chain;  // index is the next iteration
  crypto::PublicKey signing_key{};
  std::optional<crypto::PrivateKey> signing_private;  // own keys only
  std::uint32_t start_iteration = 0;  // where the key was handed to us; earlier messages are not for us
  SkippedKeys skipped;
};

class SenderKeyRecord {
 public:
  SenderKeyRecord() = default;
  /// For imports. Newest first; what exceeds the limit is dropped.
  explicit SenderKeyRecord(std::vector<SenderKeyState> states);

  /// kCorrupt unless every key has its length and its form.
  static base::Result<SenderKeyRecord> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes serialize() const;

  [[nodiscard]] bool empty() const { return states_.empty(); }
  [[nodiscard]] const std::vector<SenderKeyState>& states() const { return states_; }
  /// The newest state if it is ours (has the private signing key).
  [[nodiscard]] const SenderKeyState* own() const;
  [[nodiscard]] SenderKeyState* mutable_own();
  [[nodiscard]] const SenderKeyState* find(std::uint32_t id) const;
  [[nodiscard]] SenderKeyState* find_mutable(std::uint32_t id);

  /// Puts a state in front and drops what exceeds the limit.
  void insert(SenderKeyState state);
  void move_to_front(std::uint32_t id);
  void erase(std::uint32_t id);

  /// Takes in the keys of the same device under another address. Of a key that both have, the chain that
  /// is less far is kept with the skipped seeds of both, so that nothing becomes unreadable; of our own, the
  /// one that is further.
  void absorb(const SenderKeyRecord& other);

 private:
  std::vector<SenderKeyState> states_;
};

}  // namespace whatsapp::signal
