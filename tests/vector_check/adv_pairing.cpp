// adv_pairing.json: QR text, the signed device identity, and what the companion answers to pair-success.
// The producing library's own signatures are examples: they must verify, ours may differ. The payloads and
// stanzas around are the client's; `qr_strings` is an obsolete form.
#include "crypto/xeddsa.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/pairing/device_identity.h"
#include "whatsapp/pairing/pair_success.h"
#include "whatsapp/pairing/qr_text.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::pairing;

crypto::KeyPair identity_of(const json& party) {
  return crypto::key_pair_of(fixed_hex<32>(party, "identity_priv"));
}

AdvSecret secret_of(const json& companion) { return AdvSecret{fixed_hex<32>(companion, "adv_secret")}; }

void check_qr(const json& entry, Case& check) {
  const json& companion = entry.at("companion");
  const auto shown = text(entry.at("pair_device"), "qr_baileys_rc14");
  QrContent content;
  content.ref = entry.at("pair_device").at("refs").at(0).get<std::string>();
  content.noise = fixed_hex<32>(companion, "noise_pub");
  content.identity = fixed_hex<32>(companion, "identity_pub");
  content.adv_secret = secret_of(companion);
  content.platform = shown.substr(shown.rfind(',') + 1);
  check.expect_equal(qr_text(content), shown, "QR text");
  const auto scanned = parse_qr_text(shown);
  check.expect_success(scanned, "scanning");
  if (scanned) check.expect_equal(qr_text(*scanned), shown, "QR text scanned and shown again");
}

void check_details(const DeviceDetails& details, const json& expected, Case& check) {
  const auto number = [&](const char* field) { return expected.value(field, std::uint64_t{0}); };
  check.expect(details.raw_id == number("rawId"), "raw id");
  check.expect(details.timestamp == number("timestamp"), "timestamp");
  check.expect(details.key_index == number("keyIndex"), "key index");
  check.expect((details.device_type == Encryption::kHosted) == (number("deviceType") == 1), "device type");
  check.expect((details.account_type == Encryption::kHosted) == (number("accountType") == 1), "account type");
}

void check_account_signature(const json& entry, Case& check) {
  const json& adv = entry.at("adv");
  const Bytes bytes = hex_bytes(adv, "device_identity");
  const auto details = DeviceDetails::parse(bytes);
  check.expect_success(details, "device identity");
  if (!details) return;
  if (present(adv, "device_identity_json")) check_details(*details, adv.at("device_identity_json"), check);
  check.expect(verify_account_signature(
                   fixed_hex<32>(entry.at("primary"), "identity_pub"), details->device_type, bytes,
                   fixed_hex<32>(entry.at("companion"), "identity_pub"), hex_bytes(adv, "account_signature")),
               "account signature");
  const auto signed_identity = SignedDeviceIdentity::parse(hex_bytes(adv, "signed_device_identity"));
  check.expect_success(signed_identity, "signed device identity");
  if (signed_identity)
    check.expect_equal(signed_identity->encode(), hex_bytes(adv, "signed_device_identity"),
                       "signed device identity encoded again");
}

/// The reply without its last field, the device signature, which differs from signer to signer.
Bytes without_device_signature(ByteView encoded) {
  auto identity = SignedDeviceIdentity::parse(encoded);
  if (!identity) throw std::runtime_error(identity.error().message);
  identity->device_signature.reset();
  return identity->encode();
}

void check_reply(const json& entry, const LinkedIdentity& linked, Case& check) {
  const json& expected = entry.at("expected_reply");
  const Bytes container = hex_bytes(entry.at("adv"), "container");
  const auto account = fixed_hex<32>(entry.at("primary"), "identity_pub");
  const auto companion = fixed_hex<32>(entry.at("companion"), "identity_pub");
  check.expect_equal(std::to_string(linked.details.key_index), text(expected, "key_index_attr"),
                     "key-index attribute");
  check.expect_equal(without_device_signature(linked.reply),
                     without_device_signature(hex_bytes(expected, "self_signed_identity_example")), "reply");
  check.expect_equal(without_device_signature(linked.stored),
                     without_device_signature(hex_bytes(entry, "stored_account_example")), "stored account");
  for (const Bytes& reply : {linked.reply, hex_bytes(expected, "self_signed_identity_example")})
    check.expect_success(check_signed_reply(reply, container, account, companion), "reply at the phone");
  for (const Bytes& account_bytes : {linked.stored, hex_bytes(entry, "stored_account_example")})
    check.expect(verify_peer_device(account_bytes, companion, std::nullopt), "stored account at a peer");
  const auto ours = SignedDeviceIdentity::parse(linked.reply);
  check.expect(ours && crypto::xeddsa_verify(companion, hex_bytes(expected, "device_signature_input"),
                                             *ours->device_signature),
               "device signature");
}

/// Our phone makes a container that our companion accepts, from the same keys.
void check_phone(const json& entry, const DeviceDetails& details, Case& check) {
  base::SeededRandom random{11};
  const auto companion = identity_of(entry.at("companion"));
  const auto secret = secret_of(entry.at("companion"));
  const auto container = make_identity_container(identity_of(entry.at("primary")), details,
                                                 companion.public_key, secret, random);
  check.expect(accept_pair_success(container, secret, companion, std::nullopt, random).has_value(),
               "container of our own phone");
}

void check_case(const json& entry, Case& check) {
  const json& companion = entry.at("companion");
  const auto identity = identity_of(companion);
  check.expect_equal(identity.public_key, hex_bytes(companion, "identity_pub"), "identity key");
  const json& pre_key = companion.at("signed_prekey");
  const Bytes signed_bytes = base::concat(Bytes{0x05}, hex_bytes(pre_key, "pub"));
  check.expect(crypto::xeddsa_verify(identity.public_key, signed_bytes, hex_bytes(pre_key, "signature")),
               "signed pre-key");
  check_qr(entry, check);
  check_account_signature(entry, check);
  base::SeededRandom random{13};
  const auto linked = accept_pair_success(hex_bytes(entry.at("adv"), "container"), secret_of(companion),
                                          identity, std::nullopt, random);
  check.expect(linked.has_value(), linked ? "" : "pair-success: " + linked.error().reason);
  if (!linked) return;
  check_reply(entry, *linked, check);
  check_phone(entry, linked->details, check);
}

const json& case_named(const json& file, const std::string& name) {
  for (const json& entry : file.at("cases"))
    if (text(entry, "name") == name) return entry;
  throw std::runtime_error("no case " + name);
}

void check_negatives(const json& file, Report& report) {
  const json& negatives = file.at("negatives");
  const json& companion = case_named(file, text(negatives, "uses_keys_of_case")).at("companion");
  for_each_case(negatives, "items", [&](const std::string& name, const json& entry) {
    report.run("negatives " + name, [&](Case& check) {
      base::SeededRandom random{17};
      check.expect(!accept_pair_success(hex_bytes(entry, "container"), secret_of(companion),
                                        identity_of(companion), std::nullopt, random),
                   "was accepted");
    });
  });
}

}  // namespace

Outcome run_adv_pairing(const json& file) {
  Report report;
  for_each_case(file, "cases", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_case(entry, check); });
  });
  if (present(file, "negatives")) check_negatives(file, report);
  return report.take();
}

}  // namespace vector_check
