#include "crypto/hash.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "crypto/sha256_state.h"

namespace crypto {
namespace {

template <std::size_t N>
base::FixedBytes<N> digest(base::ByteView data, const EVP_MD* algorithm) {
  base::FixedBytes<N> out{};
  if (EVP_Digest(data.data(), data.size(), out.data(), nullptr, algorithm, nullptr) != 1)
    throw std::runtime_error("a hash algorithm is not available");
  return out;
}

}  // namespace

Sha256Digest sha256_of(std::span<const base::ByteView> parts) {
  Sha256State state;
  for (const base::ByteView part : parts) state.update(part);
  return state.finish();
}

Sha512Digest sha512_of(std::span<const base::ByteView> parts) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  for (const base::ByteView part : parts) crypto_hash_sha512_update(&state, part.data(), part.size());
  Sha512Digest out{};
  crypto_hash_sha512_final(&state, out.data());
  sodium_memzero(&state, sizeof state);
  return out;
}

base::FixedBytes<20> sha1(base::ByteView data) { return digest<20>(data, EVP_sha1()); }

base::FixedBytes<16> md5(base::ByteView data) { return digest<16>(data, EVP_md5()); }

}  // namespace crypto
