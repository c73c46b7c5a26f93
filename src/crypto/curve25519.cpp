#include "crypto/curve25519.h"

#include <sodium.h>

namespace crypto {

PrivateKey clamped(const base::FixedBytes<32>& bytes) {
  PrivateKey key{bytes};
  auto& scalar = key.mutable_bytes();
  scalar[0] &= 248;
  scalar[31] &= 127;
  scalar[31] |= 64;
  return key;
}

KeyPair generate_key_pair(base::Random& random) {
  base::Secret<32> drawn;
  random.fill(drawn.mutable_bytes());
  return key_pair_of(drawn.bytes());
}

KeyPair key_pair_of(const base::FixedBytes<32>& private_bytes) {
  KeyPair pair{clamped(private_bytes), {}};
  pair.public_key = public_key_of(pair.private_key);
  return pair;
}

PublicKey public_key_of(const PrivateKey& private_key) {
  PublicKey out{};
  crypto_scalarmult_curve25519_base(out.data(), private_key.bytes().data());
  return out;
}

base::Result<base::Secret<32>> agree(const PrivateKey& ours, const PublicKey& theirs) {
  base::Secret<32> shared;
  const int rc =
      crypto_scalarmult_curve25519(shared.mutable_bytes().data(), ours.bytes().data(), theirs.data());
  if (rc != 0) return base::fail(base::ErrorCode::kCrypto, "public key of low order");
  return shared;
}

}  // namespace crypto
