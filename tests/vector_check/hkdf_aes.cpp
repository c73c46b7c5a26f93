// hkdf_aes.json: the primitives, one list per primitive; hkdf_aes_formats.cpp has the other lists.
#include <optional>

#include "crypto/aes.h"
#include "crypto/curve25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"

namespace vector_check {
namespace {

using base::as_bytes;
using base::Bytes;
using nlohmann::json;

void check_hkdf(const json& entry, Case& check) {
  const Bytes okm = crypto::hkdf_sha256(hex_bytes(entry, "ikm"), hex_bytes(entry, "salt"),
                                        text(entry, "info"), entry.at("length").get<std::size_t>());
  check.expect_equal(okm, hex_bytes(entry, "okm"), "okm");
}

void check_hmac(const json& entry, Case& check) {
  const Bytes key = hex_bytes(entry, "key");
  const Bytes data = hex_bytes(entry, "data");
  const std::string algorithm = text(entry, "alg");
  if (algorithm == "sha256") {
    check.expect_equal(crypto::hmac_sha256(key, data), hex_bytes(entry, "mac"), "mac");
  } else if (algorithm == "sha512") {
    check.expect_equal(crypto::hmac_sha512(key, data), hex_bytes(entry, "mac"), "mac");
  } else {
    check.expect(false, "unknown algorithm " + algorithm);
  }
}

/// Absent means empty, as in the Noise nonces list.
Bytes optional_bytes(const json& entry, const char* field) {
  return present(entry, field) ? hex_bytes(entry, field) : Bytes{};
}

/// 8 zero bytes and the counter of a transport frame.
base::FixedBytes<12> noise_nonce(std::uint64_t counter) {
  base::FixedBytes<12> nonce{};
  const auto number = base::big_endian<4>(counter);
  std::copy(number.begin(), number.end(), nonce.begin() + 8);
  return nonce;
}

void check_gcm(const json& entry, Case& check) {
  const auto key = fixed_hex<32>(entry, "key");
  const auto nonce = fixed_hex<12>(entry, "iv");
  const Bytes aad = optional_bytes(entry, "aad");
  const Bytes plaintext = hex_bytes(entry, "plaintext");
  const Bytes sealed = hex_bytes(entry, "ciphertext_tag");
  if (present(entry, "counter"))
    check.expect_equal(nonce, noise_nonce(entry.at("counter").get<std::uint64_t>()), "nonce of the counter");
  check.expect_equal(crypto::aes256_gcm_seal(key, nonce, aad, plaintext), sealed, "sealed");
  const auto opened = crypto::aes256_gcm_open(key, nonce, aad, sealed);
  check.expect_success(opened, "opens");
  if (opened) check.expect_equal(*opened, plaintext, "opened");
}

void check_gcm_reject(const json& entry, Case& check) {
  const auto key = fixed_hex<32>(entry, "key");
  const auto nonce = fixed_hex<12>(entry, "iv");
  const auto opened =
      crypto::aes256_gcm_open(key, nonce, optional_bytes(entry, "aad"), hex_bytes(entry, "ciphertext_tag"));
  check.expect(!opened, "was accepted");
}

void check_cbc(const json& entry, Case& check) {
  const auto key = fixed_hex<32>(entry, "key");
  const auto iv = fixed_hex<16>(entry, "iv");
  const Bytes plaintext = hex_bytes(entry, "plaintext");
  const Bytes ciphertext = hex_bytes(entry, "ciphertext");
  check.expect_equal(crypto::aes256_cbc_encrypt(key, iv, plaintext), ciphertext, "ciphertext");
  const auto opened = crypto::aes256_cbc_decrypt(key, iv, ciphertext);
  check.expect_success(opened, "decrypts");
  if (opened) check.expect_equal(*opened, plaintext, "plaintext");
}

void check_cbc_reject(const json& entry, Case& check) {
  const auto key = fixed_hex<32>(entry, "key");
  const auto iv = fixed_hex<16>(entry, "iv");
  check.expect(!crypto::aes256_cbc_decrypt(key, iv, hex_bytes(entry, "ciphertext")), "was accepted");
}

void check_ctr(const json& entry, Case& check) {
  const auto key = fixed_hex<32>(entry, "key");
  const auto counter = fixed_hex<16>(entry, "counter_block");
  const Bytes plaintext = hex_bytes(entry, "plaintext");
  const Bytes ciphertext = hex_bytes(entry, "ciphertext");
  check.expect_equal(crypto::aes256_ctr(key, counter, plaintext), ciphertext, "ciphertext");
  check.expect_equal(crypto::aes256_ctr(key, counter, ciphertext), plaintext, "plaintext");
}

void check_sha256(const json& entry, Case& check) {
  check.expect_equal(crypto::sha256(hex_bytes(entry, "data")), hex_bytes(entry, "digest"), "digest");
}

void check_md5(const json& entry, Case& check) {
  check.expect_equal(crypto::md5(hex_bytes(entry, "data")), hex_bytes(entry, "digest"), "digest");
}

void check_build_hash(const json& entry, Case& check) {
  std::string version;
  for (const auto& part : entry.at("version"))
    version += (version.empty() ? "" : ".") + std::to_string(part.get<std::uint64_t>());
  check.expect_equal(crypto::md5(as_bytes(version)), hex_bytes(entry, "md5"), "md5");
}

void check_pbkdf2(const json& entry, Case& check) {
  const std::string password = text(entry, "password");
  const Bytes key = crypto::pbkdf2_sha256(as_bytes(password), hex_bytes(entry, "salt"),
                                          entry.at("iterations").get<std::uint32_t>(),
                                          entry.at("length").get<std::size_t>());
  check.expect_equal(key, hex_bytes(entry, "key"), "key");
}

void check_x25519(const json& entry, Case& check) {
  const crypto::KeyPair a = crypto::key_pair_of(fixed_hex<32>(entry, "a_priv"));
  const crypto::KeyPair b = crypto::key_pair_of(fixed_hex<32>(entry, "b_priv"));
  check.expect_equal(a.public_key, hex_bytes(entry, "a_pub"), "public key of a");
  check.expect_equal(b.public_key, hex_bytes(entry, "b_pub"), "public key of b");
  const Bytes shared = hex_bytes(entry, "shared");
  const auto ab = crypto::agree(a.private_key, b.public_key);
  const auto ba = crypto::agree(b.private_key, a.public_key);
  check.expect(ab && ba, "no agreement");
  if (!ab || !ba) return;
  check.expect_equal(ab->view(), shared, "secret seen by a");
  check.expect_equal(ba->view(), shared, "secret seen by b");
}

struct Primitive {
  const char* list;
  void (*check)(const json& entry, Case& check);
};

constexpr Primitive kPrimitives[] = {
    {"hkdf_sha256", check_hkdf},
    {"hmac", check_hmac},
    {"aes256_gcm", check_gcm},
    {"aes256_gcm_noise_nonces", check_gcm},
    {"aes256_gcm_reject", check_gcm_reject},
    {"aes256_cbc", check_cbc},
    {"aes256_cbc_reject", check_cbc_reject},
    {"aes256_ctr", check_ctr},
    {"sha256", check_sha256},
    {"md5", check_md5},
    {"build_hash", check_build_hash},
    {"pbkdf2_sha256", check_pbkdf2},
    {"x25519", check_x25519},
};

}  // namespace

Outcome run_primitives(const json& file) {
  Report report;
  for (const auto& primitive : kPrimitives)
    for_each_case(file, primitive.list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { primitive.check(entry, check); });
    });
  return report.take();
}

}  // namespace vector_check
