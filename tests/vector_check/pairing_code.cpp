// pairing_code.json: linking by code with fixed randomness, both sides. The stanzas around are the client's.
#include "whatsapp/pairing/pairing_code.h"

#include "vector_check/json_fields.h"
#include "vector_check/replay_random.h"
#include "vector_check/runners.h"

namespace vector_check {
namespace {

using nlohmann::json;
using namespace whatsapp::pairing;

crypto::KeyPair pair_of(const json& keys) { return crypto::key_pair_of(fixed_hex<32>(keys, "priv")); }

void check_companion(const json& entry, Case& check) {
  const auto code = text(entry, "code");
  const json& hello = entry.at("companion_hello");
  ReplayRandom random;
  random.give(hex_bytes(entry.at("companion_ephemeral"), "priv"));
  random.give(hex_bytes(hello, "salt"));
  random.give(hex_bytes(hello, "iv"));
  const CompanionHello made = make_companion_hello(code, random);
  check.expect_equal(made.wrapped_ephemeral, hex_bytes(hello, "wrapped_companion_ephemeral_pub"),
                     "wrapped companion key");

  const json& finish = entry.at("companion_finish");
  random.give(hex_bytes(finish, "random"));
  random.give(hex_bytes(finish, "bundle_salt"));
  random.give(hex_bytes(finish, "bundle_iv"));
  const auto answered =
      answer_primary_hello(code, made.ephemeral, pair_of(entry.at("companion_identity")),
                           hex_bytes(entry.at("primary_hello"), "wrapped_primary_ephemeral_pub"),
                           hex_bytes(entry.at("primary_identity"), "pub"), random);
  check.expect_success(answered, "answering the phone");
  if (!answered) return;
  check.expect_equal(answered->wrapped_key_bundle, hex_bytes(finish, "wrapped_key_bundle"), "key bundle");
  check.expect_equal(answered->adv_secret.view(), hex_bytes(finish, "adv_secret"), "companion's adv secret");
  check.expect(random.used_up(), "fewer bytes drawn");
}

void check_phone(const json& entry, Case& check) {
  const auto code = text(entry, "code");
  const json& hello = entry.at("primary_hello");
  ReplayRandom random;
  random.give(hex_bytes(entry.at("primary_ephemeral"), "priv"));
  random.give(hex_bytes(hello, "salt"));
  random.give(hex_bytes(hello, "iv"));
  const auto made = answer_companion_hello(
      code, hex_bytes(entry.at("companion_hello"), "wrapped_companion_ephemeral_pub"), random);
  check.expect_success(made, "answering the companion");
  if (!made) return;
  check.expect_equal(made->wrapped_ephemeral, hex_bytes(hello, "wrapped_primary_ephemeral_pub"),
                     "wrapped phone key");
  const json& finish = entry.at("companion_finish");
  check.expect_equal(made->shared_ephemeral.view(), hex_bytes(finish, "shared_ephemeral"), "shared secret");
  const auto secret = open_key_bundle(*made, pair_of(entry.at("primary_identity")),
                                      fixed_hex<32>(entry.at("companion_identity"), "pub"),
                                      hex_bytes(finish, "wrapped_key_bundle"));
  check.expect_success(secret, "opening the bundle");
  if (secret) check.expect_equal(secret->view(), hex_bytes(finish, "adv_secret"), "phone's adv secret");
}

void check_case(const json& entry, Case& check) {
  if (present(entry, "code_bytes"))
    check.expect_equal(encode_code(fixed_hex<5>(entry, "code_bytes")), text(entry, "code"), "code");
  const auto normal = normalise_code(display_code(text(entry, "code")));
  check.expect(normal && *normal == text(entry, "code"), "code as shown and typed");
  check_companion(entry, check);
  check_phone(entry, check);
}

/// With the keys of the first case.
void check_malformed(const json& file, const json& entry, Case& check) {
  const json& keys = file.at("cases").at(0);
  base::SeededRandom random{5};
  const auto primary = present(entry, "primary_identity_pub") ? hex_bytes(entry, "primary_identity_pub")
                                                              : hex_bytes(keys.at("primary_identity"), "pub");
  const auto answered = answer_primary_hello(
      text(keys, "code"), pair_of(keys.at("companion_ephemeral")), pair_of(keys.at("companion_identity")),
      hex_bytes(entry, "wrapped_primary_ephemeral_pub"), primary, random);
  check.expect(!answered, "was accepted");
}

}  // namespace

Outcome run_pairing_code(const json& file) {
  Report report;
  for_each_case(file, "cases", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_case(entry, check); });
  });
  for_each_case(file, "malformed", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_malformed(file, entry, check); });
  });
  return report.take();
}

}  // namespace vector_check
