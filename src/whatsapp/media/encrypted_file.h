// The shape of a file on the media hosts (spec 06 §2.2):
//
//   AES-256-CBC(plaintext, PKCS#7) || first 10 bytes of HMAC-SHA256(MAC key, iv || ciphertext)
//
// The IV is not in it. An empty file makes 26 bytes; the length is always 10 above a multiple of 16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace whatsapp::media {

inline constexpr std::size_t kBlockSize = 16;
inline constexpr std::size_t kFileMacSize = 10;
inline constexpr std::size_t kSmallestEncryptedFile = kBlockSize + kFileMacSize;

using FileMac = base::FixedBytes<kFileMacSize>;

constexpr std::uint64_t encrypted_length(std::uint64_t plaintext_length) {
  return (plaintext_length / kBlockSize + 1) * kBlockSize + kFileMacSize;
}

constexpr bool is_encrypted_length(std::uint64_t length) {
  return length >= kSmallestEncryptedFile && (length - kFileMacSize) % kBlockSize == 0;
}

}  // namespace whatsapp::media
