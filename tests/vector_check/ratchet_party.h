// One side of a replayed conversation: its keys and its session with the other side.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "whatsapp/signal/session_cipher.h"

namespace vector_check {

class RatchetParty final : public whatsapp::signal::PreKeySource {
 public:
  explicit RatchetParty(const nlohmann::json& party);

  [[nodiscard]] std::optional<whatsapp::signal::PreKey> find_pre_key(std::uint32_t id) const override;
  [[nodiscard]] std::optional<whatsapp::signal::SignedPreKey> find_signed_pre_key(
      std::uint32_t id) const override;

  whatsapp::signal::LocalIdentity local;
  std::map<std::uint32_t, whatsapp::signal::PreKey> pre_keys;
  std::map<std::uint32_t, whatsapp::signal::PreKey> removed_pre_keys;
  std::map<std::uint32_t, whatsapp::signal::SignedPreKey> signed_pre_keys;

  whatsapp::signal::SessionRecord record;
  std::optional<crypto::PublicKey> remote_identity;
  /// The state that libsignal-node would send with. It never goes back to an older state because a message
  /// of that one arrived, as we do; its later ciphertexts are of this state.
  std::optional<crypto::PublicKey> open_state;
};

}  // namespace vector_check
