#include "whatsapp/pairing/pairing_code.h"

#include <algorithm>

#include "crypto/aes.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"

namespace whatsapp::pairing {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Secret;

constexpr std::uint32_t kIterations = 131'072;
constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kIvSize = 16;
constexpr std::size_t kNonceSize = 12;

Secret<32> key_from_code(std::string_view code, ByteView salt) {
  Bytes derived = crypto::pbkdf2_sha256(base::as_bytes(code), salt, kIterations, 32);
  Secret<32> key{base::to_fixed<32>(derived)};
  sodium_memzero(derived.data(), derived.size());
  return key;
}

/// salt || iv || AES-256-CTR(key).
Bytes wrap_ephemeral(std::string_view code, const crypto::PublicKey& ephemeral, base::Random& random) {
  const auto salt = random.bytes<kSaltSize>();
  const auto iv = random.bytes<kIvSize>();
  const Secret<32> key = key_from_code(code, salt);
  return base::concat(salt, iv, crypto::aes256_ctr(key.bytes(), iv, ephemeral));
}

base::Result<crypto::PublicKey> unwrap_ephemeral(std::string_view code, ByteView wrapped) {
  if (wrapped.size() != kWrappedEphemeralSize)
    return base::fail(ErrorCode::kMalformed, "wrapped ephemeral key of the wrong length");
  const Secret<32> key = key_from_code(code, wrapped.first(kSaltSize));
  const auto iv = base::to_fixed<kIvSize>(wrapped.subspan(kSaltSize, kIvSize));
  return base::to_fixed<32>(crypto::aes256_ctr(key.bytes(), iv, wrapped.subspan(kSaltSize + kIvSize)));
}

Secret<32> bundle_key(const Secret<32>& shared_ephemeral, ByteView salt) {
  return crypto::hkdf_sha256<32>(shared_ephemeral.view(), salt,
                                 "link_code_pairing_key_bundle_encryption_key");
}

AdvSecret derive_adv_secret(const Secret<32>& shared_ephemeral, const Secret<32>& shared_identity,
                            ByteView random_part) {
  Bytes material = base::concat(shared_ephemeral.view(), shared_identity.view(), random_part);
  AdvSecret secret = crypto::hkdf_sha256<32>(material, {}, "adv_secret");
  sodium_memzero(material.data(), material.size());
  return secret;
}

}  // namespace

std::string encode_code(const base::FixedBytes<5>& bits) {
  const std::uint64_t value = base::read_big_endian(bits);
  std::string out;
  for (std::size_t i = 0; i < kCodeLength; ++i)
    out += kCodeAlphabet[(value >> (5 * (kCodeLength - 1 - i))) & 31];
  return out;
}

std::string generate_code(base::Random& random) { return encode_code(random.bytes<5>()); }

base::Result<std::string> normalise_code(std::string_view typed) {
  std::string out;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (kCodeAlphabet.find(upper) == std::string_view::npos)
      return base::fail(ErrorCode::kInvalidArgument, "a pairing code has no such character");
    out += upper;
  }
  if (out.size() != kCodeLength)
    return base::fail(ErrorCode::kInvalidArgument, "a pairing code has eight characters");
  return out;
}

std::string display_code(std::string_view code) {
  return std::string{code.substr(0, kCodeLength / 2)} + '-' + std::string{code.substr(kCodeLength / 2)};
}

CompanionHello make_companion_hello(std::string_view code, base::Random& random) {
  CompanionHello out{crypto::generate_key_pair(random), {}};
  out.wrapped_ephemeral = wrap_ephemeral(code, out.ephemeral.public_key, random);
  return out;
}

base::Result<CompanionFinish> answer_primary_hello(std::string_view code, const crypto::KeyPair& ephemeral,
                                                   const crypto::KeyPair& identity,
                                                   ByteView wrapped_primary_ephemeral,
                                                   ByteView primary_identity, base::Random& random) {
  if (primary_identity.size() != 32)
    return base::fail(ErrorCode::kMalformed, "primary identity key of the wrong length");
  WA_TRY(const crypto::PublicKey theirs, unwrap_ephemeral(code, wrapped_primary_ephemeral));
  CompanionFinish out;
  out.primary_identity = base::to_fixed<32>(primary_identity);
  WA_TRY(const Secret<32> shared_ephemeral, crypto::agree(ephemeral.private_key, theirs));
  WA_TRY(const Secret<32> shared_identity, crypto::agree(identity.private_key, out.primary_identity));

  const Secret<32> random_part{random.bytes<32>()};
  const auto salt = random.bytes<kSaltSize>();
  const auto nonce = random.bytes<kNonceSize>();
  Bytes keys = base::concat(identity.public_key, out.primary_identity, random_part.view());
  out.wrapped_key_bundle = base::concat(
      salt, nonce, crypto::aes256_gcm_seal(bundle_key(shared_ephemeral, salt).bytes(), nonce, {}, keys));
  sodium_memzero(keys.data(), keys.size());
  out.adv_secret = derive_adv_secret(shared_ephemeral, shared_identity, random_part.view());
  return out;
}

base::Result<PrimaryHello> answer_companion_hello(std::string_view code, ByteView wrapped_companion_ephemeral,
                                                  base::Random& random) {
  WA_TRY(const crypto::PublicKey theirs, unwrap_ephemeral(code, wrapped_companion_ephemeral));
  const crypto::KeyPair ephemeral = crypto::generate_key_pair(random);
  PrimaryHello out;
  out.wrapped_ephemeral = wrap_ephemeral(code, ephemeral.public_key, random);
  WA_TRY(out.shared_ephemeral, crypto::agree(ephemeral.private_key, theirs));
  return out;
}

base::Result<AdvSecret> open_key_bundle(const PrimaryHello& hello, const crypto::KeyPair& primary_identity,
                                        const crypto::PublicKey& companion_identity,
                                        ByteView wrapped_key_bundle) {
  if (wrapped_key_bundle.size() != kWrappedBundleSize)
    return base::fail(ErrorCode::kMalformed, "wrapped key bundle of the wrong length");
  const Secret<32> key = bundle_key(hello.shared_ephemeral, wrapped_key_bundle.first(kSaltSize));
  const auto nonce = base::to_fixed<kNonceSize>(wrapped_key_bundle.subspan(kSaltSize, kNonceSize));
  WA_TRY(const Bytes keys,
         crypto::aes256_gcm_open(key.bytes(), nonce, {}, wrapped_key_bundle.subspan(kSaltSize + kNonceSize)));
  const ByteView all = keys;
  if (!std::ranges::equal(all.first(32), companion_identity) ||
      !std::ranges::equal(all.subspan(32, 32), primary_identity.public_key))
    return base::fail(ErrorCode::kCrypto, "the key bundle names other identities");
  WA_TRY(const Secret<32> shared_identity, crypto::agree(primary_identity.private_key, companion_identity));
  return derive_adv_secret(hello.shared_ephemeral, shared_identity, all.subspan(64));
}

}  // namespace whatsapp::pairing
