// xeddsa.json: signatures by other libraries, to accept or to refuse; ours are checked by verifying them.
#include "crypto/xeddsa.h"

#include "base/random.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;

/// A public key of the wrong length cannot be asked at all: refused.
bool verifies(const Bytes& key, const Bytes& message, const Bytes& signature) {
  return key.size() == 32 && crypto::xeddsa_verify(base::to_fixed<32>(key), message, signature);
}

void check_key_and_signature(const base::FixedBytes<32>& private_bytes, const Bytes& public_key,
                             const Bytes& message, const Bytes& signature, Case& check) {
  const crypto::KeyPair pair = crypto::key_pair_of(private_bytes);
  check.expect_equal(pair.public_key, public_key, "public key");
  check.expect(verifies(public_key, message, signature), "a valid signature was refused");
  base::SeededRandom random{1};
  const auto ours = crypto::xeddsa_sign(pair.private_key, message, random);
  check.expect(crypto::xeddsa_verify(pair.public_key, message, ours), "our own signature was refused");
}

void check_valid(const json& entry, Case& check) {
  const Bytes public_key = hex_bytes(entry, "pub");
  const Bytes message = hex_bytes(entry, "message");
  const Bytes signature = hex_bytes(entry, "signature");
  if (present(entry, "priv")) {
    check_key_and_signature(fixed_hex<32>(entry, "priv"), public_key, message, signature, check);
  } else {
    check.expect(verifies(public_key, message, signature), "a valid signature was refused");
  }
}

/// The edge cases, too: ours is the strict rule, s < L and no small-order points.
void check_refused(const json& entry, Case& check) {
  check.expect(!verifies(hex_bytes(entry, "pub"), hex_bytes(entry, "message"), hex_bytes(entry, "signature")),
               "was accepted");
}

void check_signed_prekey(const json& entry, Case& check) {
  Bytes signed_bytes{0x05};
  base::append(signed_bytes, hex_bytes(entry, "signed_prekey_pub"));
  check.expect_equal(signed_bytes, hex_bytes(entry, "signed_bytes"), "signed bytes");
  check_key_and_signature(fixed_hex<32>(entry, "identity_priv"), hex_bytes(entry, "identity_pub"),
                          signed_bytes, hex_bytes(entry, "signature"), check);
  const auto prekey = crypto::key_pair_of(fixed_hex<32>(entry, "signed_prekey_priv"));
  check.expect_equal(prekey.public_key, hex_bytes(entry, "signed_prekey_pub"), "pre-key");
}

struct List {
  const char* name;
  void (*check)(const json& entry, Case& check);
};

constexpr List kLists[] = {
    {"valid", check_valid},
    {"invalid", check_refused},
    {"edge", check_refused},
    {"signed_prekeys", check_signed_prekey},
};

}  // namespace

Outcome run_xeddsa(const json& file) {
  Report report;
  for (const auto& list : kLists)
    for_each_case(file, list.name, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { list.check(entry, check); });
    });
  return report.take();
}

}  // namespace vector_check
