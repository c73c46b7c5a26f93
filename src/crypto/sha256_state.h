// Streaming SHA-256 as a plain value that can be copied half-way, which HMAC and HKDF use to absorb a
// key once. OpenSSL's low-level functions, because its EVP layer costs more than hashing a short input
// does; they are deprecated but stay in every 3.x. Private to this room.
#pragma once

#include <openssl/sha.h>
#include <sodium.h>

#include <span>

#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace crypto {

class Sha256State {
 public:
  Sha256State();
  Sha256State(const Sha256State&) = default;
  Sha256State& operator=(const Sha256State&) = default;
  ~Sha256State() { sodium_memzero(&state_, sizeof state_); }

  void update(base::ByteView part);
  Sha256Digest finish();

 private:
  SHA256_CTX state_;
};

/// HMAC-SHA256 with a key absorbed once and used for many messages.
class HmacSha256State {
 public:
  explicit HmacSha256State(base::ByteView key);

  Sha256Digest mac(std::span<const base::ByteView> parts) const;

 private:
  Sha256State inner_;
  Sha256State outer_;
};

}  // namespace crypto
