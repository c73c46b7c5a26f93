// The keys that Signal is made of: our identity, the pre-keys we publish, and the bundle another device
// publishes so that a session can begin while it is offline.
//
// Public keys are raw 32 bytes everywhere in this project; the wire messages and records of this room put
// the type byte 0x05 in front (33 bytes).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "crypto/xeddsa.h"

namespace whatsapp::signal {

inline constexpr std::uint8_t kKeyType = 0x05;
/// Pre-key ids have 24 bits; 0 is never given out and the counter wraps to 1.
inline constexpr std::uint32_t kMaxPreKeyId = 0xFFFFFF;
inline constexpr std::uint32_t kMaxRegistrationId = 16380;

using WireKey = base::FixedBytes<33>;

WireKey to_wire_key(const crypto::PublicKey& key);
/// Exactly 33 bytes that begin with 0x05.
std::optional<crypto::PublicKey> parse_wire_key(base::ByteView bytes);

/// Ours, for the life of the link.
struct LocalIdentity {
  crypto::KeyPair keys;
  std::uint32_t registration_id = 0;
};

/// One-time pre-key.
struct PreKey {
  std::uint32_t id = 0;
  crypto::KeyPair keys;
};

struct SignedPreKey {
  std::uint32_t id = 0;
  crypto::KeyPair keys;
  crypto::Signature signature{};  // by the identity key, over 0x05 || public key
  std::int64_t created_at = 0;    // Unix seconds
};

/// What the server hands out for one device of another user, or what a retry receipt carries.
struct PreKeyBundle {
  struct OneTime {
    std::uint32_t id = 0;
    crypto::PublicKey key{};
  };

  std::uint32_t registration_id = 0;
  crypto::PublicKey identity{};
  std::uint32_t signed_pre_key_id = 0;
  crypto::PublicKey signed_pre_key{};
  crypto::Signature signed_pre_key_signature{};
  std::optional<OneTime> pre_key;  // absent when the device has run out of them
};

/// Uniform in 1..16380.
std::uint32_t generate_registration_id(base::Random& random);

PreKey generate_pre_key(std::uint32_t id, base::Random& random);
SignedPreKey generate_signed_pre_key(std::uint32_t id, const crypto::KeyPair& identity,
                                     std::int64_t created_at, base::Random& random);
/// The id after `id`: wraps from 0xFFFFFF to 1.
constexpr std::uint32_t next_pre_key_id(std::uint32_t id) { return id >= kMaxPreKeyId ? 1 : id + 1; }

/// Is `signature` by `identity` over the signed pre-key? (Bundles, and our own keys after loading.)
[[nodiscard]] bool verify_signed_pre_key(const crypto::PublicKey& identity, const crypto::PublicKey& key,
                                         base::ByteView signature);

/// What the server and we compare to see whether it still has our keys: SHA-1 over identity, signed
/// pre-key, its signature and the one-time keys, raw, in the order of the server's list.
base::FixedBytes<20> key_bundle_digest(const crypto::PublicKey& identity, const SignedPreKey& signed_pre_key,
                                       std::span<const crypto::PublicKey> pre_keys);

}  // namespace whatsapp::signal
