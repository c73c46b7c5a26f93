// HKDF-SHA256 (RFC 5869): key material of any length from one secret. An empty salt means 32 zero bytes.
// The info labels of the protocol are ASCII without a terminating zero: "WhisperText".
#pragma once

#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace crypto {

/// At most 255 × 32 bytes.
inline constexpr std::size_t kMaxHkdfLength = 255 * 32;

void hkdf_sha256_into(base::MutableByteView out, base::ByteView ikm, base::ByteView salt,
                      std::string_view info);

/// length ≤ kMaxHkdfLength.
base::Bytes hkdf_sha256(base::ByteView ikm, base::ByteView salt, std::string_view info, std::size_t length);

/// The usual form: auto keys = hkdf_sha256<64>(secret.view(), salt, "WhisperRatchet");
template <std::size_t Length>
requires(Length <= kMaxHkdfLength) base::Secret<Length> hkdf_sha256(base::ByteView ikm, base::ByteView salt,
                                                                    std::string_view info) {
  base::Secret<Length> out;
  hkdf_sha256_into(out.mutable_bytes(), ikm, salt, info);
  return out;
}

}  // namespace crypto
