// The running state of a Noise handshake: a hash over all that was said, a chaining key that every
// Diffie-Hellman secret is mixed into, and the key that encrypts what is said next.
//
// This is not stock Noise: the first message carries no payload and none is mixed in for it, so a generic
// Noise library computes another hash (spec 01 §6).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "crypto/hash.h"

namespace whatsapp::noise {

/// Which messages follow which; names are mixed into the hash.
enum class Pattern {
  kXx,          // both sides send their static keys
  kIk,          // the client knows the server's static key already
  kXxFallback,  // the server's key was another one: full exchange, same client ephemeral
};

/// Keys of the two directions after the handshake.
struct TransportKeys {
  base::Secret<32> client_to_server;
  base::Secret<32> server_to_client;
};

class NoiseState {
 public:
  /// Starts with the pattern's name and the 4 bytes of the connection header.
  explicit NoiseState(Pattern pattern);

  void mix_hash(base::ByteView data);
  /// kCrypto if the peer's key has low order.
  base::Result<void> mix_key(const crypto::PrivateKey& ours, const crypto::PublicKey& theirs);

  /// Ciphertext and tag; mixed into the hash.
  base::Bytes encrypt(base::ByteView plaintext);
  /// kMalformed if shorter than a tag, kCrypto if the tag is wrong.
  base::Result<base::Bytes> decrypt(base::ByteView ciphertext);

  [[nodiscard]] TransportKeys split() const;

  [[nodiscard]] const crypto::Sha256Digest& hash() const { return hash_; }
  [[nodiscard]] const base::Secret<32>& chaining_key() const { return chaining_key_; }
  [[nodiscard]] const base::Secret<32>& cipher_key() const { return cipher_key_; }

 private:
  crypto::Sha256Digest hash_{};
  base::Secret<32> chaining_key_;
  base::Secret<32> cipher_key_;
  std::uint32_t counter_ = 0;
};

/// 8 zero bytes and the counter, big-endian: the nonce of handshake fields and of transport frames.
base::FixedBytes<12> nonce_of(std::uint32_t counter);

}  // namespace whatsapp::noise
