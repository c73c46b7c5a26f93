// HMAC over any number of parts: hmac_sha256(key, a, b) is the MAC of a || b. Keys of any length.
#pragma once

#include <span>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace crypto {

Sha256Digest hmac_sha256_of(base::ByteView key, std::span<const base::ByteView> parts);
Sha512Digest hmac_sha512_of(base::ByteView key, std::span<const base::ByteView> parts);

template <class... Parts>
Sha256Digest hmac_sha256(base::ByteView key, const Parts&... parts) {
  const std::array<base::ByteView, sizeof...(Parts)> views{base::ByteView{parts}...};
  return hmac_sha256_of(key, views);
}

template <class... Parts>
Sha512Digest hmac_sha512(base::ByteView key, const Parts&... parts) {
  const std::array<base::ByteView, sizeof...(Parts)> views{base::ByteView{parts}...};
  return hmac_sha512_of(key, views);
}

/// Takes the same time wherever the first difference is; different lengths are unequal.
[[nodiscard]] bool equal_constant_time(base::ByteView a, base::ByteView b);

}  // namespace crypto
