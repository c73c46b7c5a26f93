// Hashes over any number of parts: sha256(a, b) is the hash of a || b.
#pragma once

#include <span>

#include "base/bytes.h"

namespace crypto {

using Sha256Digest = base::FixedBytes<32>;
using Sha512Digest = base::FixedBytes<64>;

Sha256Digest sha256_of(std::span<const base::ByteView> parts);
Sha512Digest sha512_of(std::span<const base::ByteView> parts);

template <class... Parts>
Sha256Digest sha256(const Parts&... parts) {
  const std::array<base::ByteView, sizeof...(Parts)> views{base::ByteView{parts}...};
  return sha256_of(views);
}

template <class... Parts>
Sha512Digest sha512(const Parts&... parts) {
  const std::array<base::ByteView, sizeof...(Parts)> views{base::ByteView{parts}...};
  return sha512_of(views);
}

/// Only where the protocol asks for it (pre-key digest); not for security.
base::FixedBytes<20> sha1(base::ByteView data);
/// Only where the protocol asks for it (build hash); not for security.
base::FixedBytes<16> md5(base::ByteView data);

}  // namespace crypto
