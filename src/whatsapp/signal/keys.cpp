#include "whatsapp/signal/keys.h"

#include <algorithm>

#include "crypto/hash.h"

namespace whatsapp::signal {

WireKey to_wire_key(const crypto::PublicKey& key) {
  WireKey out{kKeyType};
  std::copy(key.begin(), key.end(), out.begin() + 1);
  return out;
}

std::optional<crypto::PublicKey> parse_wire_key(base::ByteView bytes) {
  if (bytes.size() != WireKey{}.size() || bytes[0] != kKeyType) return std::nullopt;
  return base::to_fixed<32>(bytes.subspan(1));
}

std::uint32_t generate_registration_id(base::Random& random) {
  return 1 + static_cast<std::uint32_t>(random.below(kMaxRegistrationId));
}

PreKey generate_pre_key(std::uint32_t id, base::Random& random) {
  return {id, crypto::generate_key_pair(random)};
}

SignedPreKey generate_signed_pre_key(std::uint32_t id, const crypto::KeyPair& identity,
                                     std::int64_t created_at, base::Random& random) {
  SignedPreKey out{id, crypto::generate_key_pair(random), {}, created_at};
  out.signature = crypto::xeddsa_sign(identity.private_key, to_wire_key(out.keys.public_key), random);
  return out;
}

bool verify_signed_pre_key(const crypto::PublicKey& identity, const crypto::PublicKey& key,
                           base::ByteView signature) {
  return crypto::xeddsa_verify(identity, to_wire_key(key), signature);
}

base::FixedBytes<20> key_bundle_digest(const crypto::PublicKey& identity, const SignedPreKey& signed_pre_key,
                                       std::span<const crypto::PublicKey> pre_keys) {
  base::Bytes all = base::concat(identity, signed_pre_key.keys.public_key, signed_pre_key.signature);
  for (const crypto::PublicKey& key : pre_keys) base::append(all, key);
  return crypto::sha1(all);
}

}  // namespace whatsapp::signal
