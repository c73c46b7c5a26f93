// XEdDSA: Ed25519 signatures made and checked with Curve25519 keys, in the layout of Signal: R || s, and
// bit 7 of the last byte carries the sign of the signer's Edwards point instead of forcing it to 0.
// Signs pre-keys, sender key messages, device identities and the Noise certificates (spec 04 §3).
#pragma once

#include "base/bytes.h"
#include "crypto/curve25519.h"

namespace crypto {

using Signature = base::FixedBytes<64>;

/// `random` must be fresh for every signature; the same inputs give the same signature.
Signature xeddsa_sign(const PrivateKey& key, base::ByteView message, const base::FixedBytes<64>& random);
Signature xeddsa_sign(const PrivateKey& key, base::ByteView message, base::Random& random);

/// False for everything that is not exactly a valid signature: wrong length, s ≥ L, small-order points.
[[nodiscard]] bool xeddsa_verify(const PublicKey& key, base::ByteView message, base::ByteView signature);

}  // namespace crypto
