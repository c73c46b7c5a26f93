// Curve25519 keys, as Signal and Noise use them: a clamped 32-byte scalar and a raw 32-byte Montgomery
// u coordinate. The type byte 0x05 that some wire formats put in front of a public key is not part of
// it here; whoever parses or writes such a format strips or adds it (spec 04 §2).
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace crypto {

/// Stored clamped: X25519 would clamp by itself, XEdDSA needs the clamped scalar.
using PrivateKey = base::Secret<32>;
using PublicKey = base::FixedBytes<32>;

struct KeyPair {
  PrivateKey private_key;
  PublicKey public_key{};
};

/// Clears and sets the bits that make 32 random bytes an X25519 scalar.
PrivateKey clamped(const base::FixedBytes<32>& bytes);

KeyPair generate_key_pair(base::Random& random);

/// The pair that belongs to stored or given private bytes, which are clamped first.
KeyPair key_pair_of(const base::FixedBytes<32>& private_bytes);

PublicKey public_key_of(const PrivateKey& private_key);

/// X25519. kCrypto if the peer's key has low order, so that the secret would be all zero.
base::Result<base::Secret<32>> agree(const PrivateKey& ours, const PublicKey& theirs);

}  // namespace crypto
