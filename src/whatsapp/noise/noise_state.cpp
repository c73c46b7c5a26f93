#include "whatsapp/noise/noise_state.h"

#include <algorithm>
#include <stdexcept>

#include "crypto/aes.h"
#include "crypto/hkdf.h"
#include "whatsapp/noise/frame_stream.h"

namespace whatsapp::noise {
namespace {

using crypto::sha256;

std::string_view name_of(Pattern pattern) {
  switch (pattern) {
    case Pattern::kXx:
      return "Noise_XX_25519_AESGCM_SHA256";
    case Pattern::kIk:
      return "Noise_IK_25519_AESGCM_SHA256";
    case Pattern::kXxFallback:
      return "Noise_XXfallback_25519_AESGCM_SHA256";
  }
  throw std::logic_error("unknown Noise pattern");
}

/// A name that fits is padded with zeros; a longer one is hashed.
crypto::Sha256Digest initial_hash(std::string_view name) {
  crypto::Sha256Digest out{};
  if (name.size() > out.size()) return sha256(base::as_bytes(name));
  std::ranges::copy(base::as_bytes(name), out.begin());
  return out;
}

/// Two 32-byte keys from one secret, as both mixing and splitting need them.
TransportKeys derive_pair(base::ByteView secret, base::ByteView salt) {
  const base::Secret<64> derived = crypto::hkdf_sha256<64>(secret, salt, "");
  return {base::Secret<32>{base::to_fixed<32>(derived.view().first(32))},
          base::Secret<32>{base::to_fixed<32>(derived.view().last(32))}};
}

}  // namespace

base::FixedBytes<12> nonce_of(std::uint32_t counter) {
  base::FixedBytes<12> nonce{};
  std::ranges::copy(base::big_endian<4>(counter), nonce.begin() + 8);
  return nonce;
}

NoiseState::NoiseState(Pattern pattern)
    : hash_(initial_hash(name_of(pattern))), chaining_key_(hash_), cipher_key_(hash_) {
  mix_hash(kConnectionHeader);
}

void NoiseState::mix_hash(base::ByteView data) { hash_ = sha256(hash_, data); }

base::Result<void> NoiseState::mix_key(const crypto::PrivateKey& ours, const crypto::PublicKey& theirs) {
  WA_TRY(const base::Secret<32> shared, crypto::agree(ours, theirs));
  const TransportKeys derived = derive_pair(shared.view(), chaining_key_.view());
  chaining_key_ = derived.client_to_server;
  cipher_key_ = derived.server_to_client;
  counter_ = 0;
  return {};
}

base::Bytes NoiseState::encrypt(base::ByteView plaintext) {
  base::Bytes sealed = crypto::aes256_gcm_seal(cipher_key_.bytes(), nonce_of(counter_), hash_, plaintext);
  ++counter_;
  mix_hash(sealed);
  return sealed;
}

base::Result<base::Bytes> NoiseState::decrypt(base::ByteView ciphertext) {
  WA_TRY(base::Bytes opened,
         crypto::aes256_gcm_open(cipher_key_.bytes(), nonce_of(counter_), hash_, ciphertext));
  ++counter_;
  mix_hash(ciphertext);
  return opened;
}

TransportKeys NoiseState::split() const { return derive_pair({}, chaining_key_.view()); }

}  // namespace whatsapp::noise
