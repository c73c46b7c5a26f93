// The key material of the known answers: every private key is the clamped SHA-256 of a label, every
// signature nonce is a0 a1 … df.
#pragma once

#include <string_view>

#include "base/encoding.h"
#include "crypto/curve25519.h"
#include "crypto/hash.h"

namespace known {

inline crypto::KeyPair pair(std::string_view label) {
  return crypto::key_pair_of(crypto::sha256(base::as_bytes(label)));
}

inline base::FixedBytes<64> nonce() {
  base::FixedBytes<64> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(0xA0 + i);
  return out;
}

inline base::Bytes hex(std::string_view text) { return base::from_hex(text).value(); }

template <std::size_t N>
base::FixedBytes<N> fixed(std::string_view text) {
  return base::to_fixed<N>(hex(text));
}

}  // namespace known
