#include <doctest/doctest.h>

#include "../recorder.h"
#include "base/encoding.h"
#include "crypto/aes.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "proto/simulator.pb.h"
#include "whatsapp/pairing/pairing_code.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using whatsapp::pairing::AdvSecret;

Node md_iq(std::string_view id, Node content) {
  return Node("iq")
      .with("id", id)
      .with("to", Jid::service())
      .with("type", "set")
      .with("xmlns", "md")
      .add(std::move(content));
}

/// Asks for a code; returns the error, 0 for none.
int ask_for_code(Companion& companion, SimulatedPhone& phone, std::string_view id,
                 const base::Bytes& wrapped = base::Bytes(80, 1)) {
  companion.say(md_iq(
      id, Node("link_code_companion_reg")
              .with("jid", phone.account().pn())
              .with("stage", "companion_hello")
              .add(Node("link_code_pairing_wrapped_companion_ephemeral_pub").bytes(base::ByteView{wrapped}))
              .add(Node("companion_server_auth_key_pub").bytes(base::ByteView{companion.noise.public_key}))
              .add(Node("companion_platform_id").text("1"))
              .add(Node("companion_platform_display").text("Chrome (Linux)"))));
  const Node* answer = companion.wire().answer(id);
  REQUIRE(answer != nullptr);
  const Node* error = answer->child("error");
  return error == nullptr ? 0 : static_cast<int>(*error->number("code"));
}

TEST_CASE("too many codes for one number are refused until time has passed") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  for (int i = 0; i < 5; ++i) CHECK(ask_for_code(companion, phone, "hello" + std::to_string(i)) == 0);
  CHECK(ask_for_code(companion, phone, "too many") == 429);
  desk.pass(11min);
  companion.open_registration();
  CHECK(ask_for_code(companion, phone, "later") == 0);
}

TEST_CASE("a code is refused when the phone is away, expires, and is void after a refresh") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  phone.go_offline();
  CHECK(ask_for_code(companion, phone, "away") == 404);
  phone.go_online();

  const auto hello = whatsapp::pairing::make_companion_hello("ABCD1234", desk.world.random());
  desk.core().state().settings.pairing.code_life = 60s;
  CHECK(ask_for_code(companion, phone, "first", hello.wrapped_ephemeral) == 0);
  desk.pass(61s);
  CHECK(phone.enter_code("ABCD1234").error().code == base::ErrorCode::kTimeout);

  CHECK(ask_for_code(companion, phone, "second", hello.wrapped_ephemeral) == 0);
  REQUIRE(desk.core().linking().refresh_code(phone.account(), LinkDesk::Refresh::kManual));
  const Node* notice = companion.wire().last("notification");
  CHECK(notice->child("link_code_companion_reg")->attr_is("stage", "refresh_code"));
  CHECK(notice->child("link_code_companion_reg")->attr_is("force_manual_refresh", "true"));
  CHECK(phone.enter_code("ABCD1234").error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("errors of the code's steps, and wrong answers of the phone, on command") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  desk.core().state().settings.pairing.hello_error = 500;
  CHECK(ask_for_code(companion, phone, "broken") == 500);
  desk.core().state().settings.pairing.hello_error = 0;
  const auto hello = whatsapp::pairing::make_companion_hello("ABCD1234", desk.world.random());
  CHECK(ask_for_code(companion, phone, "works", hello.wrapped_ephemeral) == 0);
  const auto answer_with = [&](CodeFault fault) {
    REQUIRE(phone.enter_code("ABCD-1234", fault));
    return companion.wire().last("notification")->child("link_code_companion_reg");
  };
  CHECK(answer_with(CodeFault::kForeignRef)->child("link_code_pairing_ref")->text() == "2@foreign");
  CHECK(answer_with(CodeFault::kShortEphemeral)
            ->child_bytes("link_code_pairing_wrapped_primary_ephemeral_pub")
            ->size() == 79);
  CHECK(base::to_bytes(*answer_with(CodeFault::kLowOrderKey)->child_bytes("primary_identity_pub")) ==
        base::Bytes(32, 0));
}

TEST_CASE("companions that show a QR are told to change it") {
  Desk desk;
  Companion companion(desk);
  companion.open_registration();
  desk.core().linking().refresh_registrations(LinkDesk::RegistrationRefresh::kSecret);
  const Node* notice = companion.wire().last("notification");
  CHECK(notice->attr_is("type", "companion_reg_refresh"));
  CHECK(notice->child("companion_reg_refresh") != nullptr);
}

/// The companion's side of a passkey exchange, written from the description alone.
struct PasskeyCompanion {
  PasskeyCompanion(Desk& desk_, Companion& companion_) : desk(desk_), companion(companion_) {}

  const Node* ask(Node content) {
    const std::string id = "passkey-" + std::to_string(++asked);
    companion.say(md_iq(id, std::move(content)));
    return companion.wire().answer(id);
  }
  void begin() {
    ref = ask(Node("ref"))->child("ref")->text();
    ephemeral = crypto::generate_key_pair(desk.world.random());
    nonce = desk.world.random().bytes<32>();
    proto::CompanionEphemeralIdentity identity;
    identity.set_public_key(base::to_string(ephemeral.public_key));
    identity.set_device_type(1);
    identity.set_ref(ref);
    identity_bytes = identity.SerializeAsString();
    proto::ProloguePayload payload;
    payload.set_companion_ephemeral_identity(identity_bytes);
    payload.mutable_commitment()->set_hash(
        base::to_string(crypto::sha256(base::as_bytes(identity_bytes), nonce)));
    payload_bytes = payload.SerializeAsString();
  }
  const Node* send_prologue(const AdvSecret& scanned) {
    const auto handoff = crypto::hkdf_sha256<32>(scanned.view(), {}, "shortcake-passkey-handoff-v1");
    const auto proof = crypto::hmac_sha256(handoff.view(), base::as_bytes(payload_bytes));
    return ask(Node("passkey_prologue")
                   .add(Node("credential_id").text("credential"))
                   .add(Node("webauthn_assertion").text("{}"))
                   .add(Node("prologue_payload").text(payload_bytes))
                   .add(Node("pairing_handoff_proof").bytes(base::ByteView{proof})));
  }
  void read_continuation() {
    const Node* notice = companion.wire().last("notification");
    REQUIRE(notice->attr_is("type", "crsc_continuation"));
    REQUIRE(primary.ParseFromString(std::string{notice->child("primary_ephemeral_identity")->text()}));
  }
  [[nodiscard]] std::string code() const {
    const auto hash = crypto::sha256(nonce, base::as_bytes(primary.public_key()));
    base::FixedBytes<5> bits{};
    for (std::size_t i = 0; i < 5; ++i)
      bits[i] = static_cast<std::uint8_t>(primary.nonce()[i] ^ static_cast<char>(hash[i]));
    return whatsapp::pairing::encode_code(bits);
  }
  const Node* send_request(const AdvSecret& secret) {
    const auto shared =
        crypto::agree(ephemeral.private_key, base::to_fixed<32>(base::as_bytes(primary.public_key())));
    const std::string salt = "Companion Pairing 1 with ref " + ref;
    const auto key =
        crypto::hkdf_sha256<32>(shared->view(), base::as_bytes(salt), "Pairing Information Encryption Key");
    proto::PairingRequest request;
    request.set_companion_public_key(base::to_string(companion.noise.public_key));
    request.set_companion_identity_key(base::to_string(companion.identity.public_key));
    request.set_adv_secret(base::to_string(secret.view()));
    const auto iv = desk.world.random().bytes<12>();
    proto::EncryptedPairingRequest sealed;
    sealed.set_iv(base::to_string(iv));
    sealed.set_encrypted_payload(base::to_string(
        crypto::aes256_gcm_seal(key.bytes(), iv, {}, base::as_bytes(request.SerializeAsString()))));
    return ask(Node("encrypted_pairing_request").text(sealed.SerializeAsString()));
  }

  Desk& desk;
  Companion& companion;
  crypto::KeyPair ephemeral;
  base::FixedBytes<32> nonce{};
  std::string ref;
  std::string identity_bytes;
  std::string payload_bytes;
  proto::PrimaryEphemeralIdentity primary;
  int asked = 0;
};

TEST_CASE("a passkey that is demanded comes before the signature, and both sides show one code") {
  Desk desk;
  desk.core().state().settings.pairing.passkey = PairingSettings::PasskeyDemand::kAlways;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  REQUIRE(phone.scan(companion.qr()));
  const Node* demand = companion.wire().last("notification");
  REQUIRE(demand->attr_is("type", "passkey_prologue_request"));
  CHECK(demand->child("passkey_request_options")->text().find("whatsapp.com") != std::string::npos);
  CHECK(companion.wire().last("iq")->child("pair-success") == nullptr);

  PasskeyCompanion passkey(desk, companion);
  passkey.begin();
  CHECK(passkey.send_prologue(AdvSecret{})->child("error")->attr_is("code", "401"));
  CHECK(passkey.send_prologue(companion.adv_secret)->attr_is("type", "result"));
  passkey.read_continuation();
  CHECK(passkey.ask(Node("companion_nonce").bytes(base::Bytes(32, 9)))->attr_is("type", "error"));
  CHECK(passkey.ask(Node("companion_nonce").bytes(base::ByteView{passkey.nonce}))->attr_is("type", "result"));
  CHECK(desk.core().linking().passkey_code(phone.account()) == passkey.code());

  const AdvSecret fresh{desk.world.random().bytes<32>()};
  CHECK(passkey.send_request(fresh)->attr_is("type", "result"));
  companion.adv_secret = fresh;
  CHECK(companion.sign());
  CHECK(phone.companions().size() == 1);
  CHECK(desk.core().state().violations.empty());
}

}  // namespace
}  // namespace simulator
