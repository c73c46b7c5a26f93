// The key material of the known answers: private keys are 32 times one byte, clamped; the adv secret is the
// one that linking by code gives with them.
#pragma once

#include <string_view>

#include "base/encoding.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace known {

inline crypto::KeyPair pair(std::uint8_t byte) {
  base::FixedBytes<32> bytes;
  bytes.fill(byte);
  return crypto::key_pair_of(bytes);
}

/// size bytes that count up from `first`.
template <std::size_t N>
base::FixedBytes<N> counting(std::uint8_t first) {
  base::FixedBytes<N> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

inline base::Bytes hex(std::string_view text) { return base::from_hex(text).value(); }

inline crypto::KeyPair primary() { return pair(0x33); }
inline crypto::KeyPair companion() { return pair(0x44); }
inline crypto::KeyPair noise() { return pair(0x55); }

inline constexpr std::string_view kAdvSecretHex =
    "f7b99a4235fd2444fbddc95e575cd58299840e2be164ef481679c229234dcf2d";
inline whatsapp::pairing::AdvSecret adv_secret() {
  return whatsapp::pairing::AdvSecret{base::to_fixed<32>(hex(kAdvSecretHex))};
}

inline constexpr std::string_view kDetailsHex = "08c0c4071080e2cfaa061807";
inline constexpr std::string_view kAccountSignatureHex =
    "f1afb55cbeb6e95680491ea8d5540c983c91a45ce1b459056158358abcb2ed22a97d90ff1124bbd5494c734ee50dc08d7b7f35ae"
    "e658"
    "89435211cb5e1a2f6c80";
inline constexpr std::string_view kDeviceSignatureHex =
    "012af456b655743fc1d6d30aef01b55783ae03e41d26342d0d39c32bf57c8b0a0a4b222bc2f5bb84216a4a240693ebb8bd5c3370"
    "f81a"
    "ef32c1eec32729c5b78d";

}  // namespace known
