// The two wire messages of a 1:1 session (spec 04 §7.1, §7.2).
//   SignalMessage (`msg`):         0x33 || protobuf || first 8 bytes of HMAC-SHA256
//   PreKeySignalMessage (`pkmsg`): 0x33 || protobuf, with a whole SignalMessage inside
// The high nibble of the first byte is the version and must be 3; the low nibble is not looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "whatsapp/signal/decrypt_error.h"

namespace whatsapp::signal {

inline constexpr std::uint8_t kVersionByte = 0x33;
inline constexpr std::size_t kMacSize = 8;

/// True if the first byte announces version 3.
[[nodiscard]] bool has_current_version(base::ByteView wire);

struct SignalMessage {
  crypto::PublicKey ratchet_key{};
  std::uint32_t counter = 0;
  base::Bytes ciphertext;     // not empty, a multiple of 16
  base::Bytes authenticated;  // 0x33 || protobuf as received: what the MAC covers
  base::FixedBytes<kMacSize> mac{};

  /// kInvalidMessage for anything out of form. The MAC is not checked here.
  static std::expected<SignalMessage, DecryptError> parse(base::ByteView wire);
};

/// The MAC binds the message to both identities, the sender's first.
base::FixedBytes<kMacSize> message_mac(const base::Secret<32>& mac_key, const crypto::PublicKey& sender,
                                       const crypto::PublicKey& receiver, base::ByteView authenticated);

/// 0x33 || protobuf, without the MAC.
base::Bytes encode_signal_message(const crypto::PublicKey& ratchet_key, std::uint32_t counter,
                                  std::uint32_t previous_counter, base::ByteView ciphertext);

struct PreKeySignalMessage {
  std::optional<std::uint32_t> pre_key_id;  // 0 on the wire means absent
  std::uint32_t signed_pre_key_id = 0;
  crypto::PublicKey base_key{};
  crypto::PublicKey identity_key{};  // not authenticated until `message` has decrypted
  std::uint32_t registration_id = 0;
  base::Bytes message;  // a SignalMessage on the wire

  static std::expected<PreKeySignalMessage, DecryptError> parse(base::ByteView wire);
  [[nodiscard]] base::Bytes encode() const;
};

}  // namespace whatsapp::signal
