// AES-256 in the three modes of the protocol: GCM (Noise frames, pairing), CBC with PKCS7 (Signal
// messages, media) and CTR (pairing code). Contexts are reused per thread; keys are fixed-size views
// (`secret.bytes()`, or `view.first<32>()` of derived material).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace crypto {

using Aes256Key = std::span<const std::uint8_t, 32>;
using AesBlock = std::span<const std::uint8_t, 16>;
using GcmNonce = std::span<const std::uint8_t, 12>;

inline constexpr std::size_t kAesBlockSize = 16;
inline constexpr std::size_t kGcmTagSize = 16;

/// Ciphertext || 16-byte tag.
base::Bytes aes256_gcm_seal(Aes256Key key, GcmNonce nonce, base::ByteView aad, base::ByteView plaintext);

/// `sealed` is ciphertext || tag. kMalformed if shorter than a tag, kCrypto if the tag is wrong.
base::Result<base::Bytes> aes256_gcm_open(Aes256Key key, GcmNonce nonce, base::ByteView aad,
                                          base::ByteView sealed);

/// Without allocation: `out` holds plaintext.size() + kGcmTagSize bytes and may begin where the
/// plaintext begins.
void aes256_gcm_seal_into(Aes256Key key, GcmNonce nonce, base::ByteView aad, base::ByteView plaintext,
                          base::MutableByteView out);

/// Decrypts over the ciphertext and returns the part of `sealed` that is now plaintext. After an error
/// the content of `sealed` is worthless.
base::Result<base::MutableByteView> aes256_gcm_open_in_place(Aes256Key key, GcmNonce nonce,
                                                             base::ByteView aad,
                                                             base::MutableByteView sealed);

/// PKCS7-padded: (size / 16 + 1) × 16 bytes.
base::Bytes aes256_cbc_encrypt(Aes256Key key, AesBlock iv, base::ByteView plaintext);

/// kMalformed if the length is 0 or not a multiple of 16, kCrypto if the padding is wrong. Check the MAC
/// first: a padding error must not tell a peer more than "wrong".
base::Result<base::Bytes> aes256_cbc_decrypt(Aes256Key key, AesBlock iv, base::ByteView ciphertext);

/// `counter` is the first 128-bit big-endian counter block. Encrypting and decrypting are the same.
base::Bytes aes256_ctr(Aes256Key key, AesBlock counter, base::ByteView data);

}  // namespace crypto
