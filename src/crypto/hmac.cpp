#include "crypto/hmac.h"

#include <sodium.h>

#include "crypto/sha256_state.h"

namespace crypto {

Sha256Digest hmac_sha256_of(base::ByteView key, std::span<const base::ByteView> parts) {
  return HmacSha256State{key}.mac(parts);
}

Sha512Digest hmac_sha512_of(base::ByteView key, std::span<const base::ByteView> parts) {
  crypto_auth_hmacsha512_state state;
  crypto_auth_hmacsha512_init(&state, key.data(), key.size());
  for (const base::ByteView part : parts) crypto_auth_hmacsha512_update(&state, part.data(), part.size());
  Sha512Digest out{};
  crypto_auth_hmacsha512_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
  return out;
}

bool equal_constant_time(base::ByteView a, base::ByteView b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace crypto
