// Streaming SHA-256 as a plain value that can be copied half-way, which HMAC and HKDF use to absorb a
// key once. OpenSSL's low-level functions, because its EVP layer costs more than hashing a short input
// does; they are deprecated but stay in every 3.x. Whoever has all bytes at hand uses hash.h and hmac.h.
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
  friend class HmacSha256Stream;

  Sha256State inner_;
  Sha256State outer_;
};

/// HMAC-SHA256 of bytes that come in pieces. Finished once, then over.
class HmacSha256Stream {
 public:
  explicit HmacSha256Stream(const HmacSha256State& key) : inner_(key.inner_), outer_(key.outer_) {}

  void update(base::ByteView part) { inner_.update(part); }
  Sha256Digest finish();

 private:
  Sha256State inner_;
  Sha256State outer_;
};

}  // namespace crypto
