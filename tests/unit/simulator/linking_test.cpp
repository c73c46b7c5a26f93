#include <doctest/doctest.h>

#include "recorder.h"
#include "whatsapp/pairing/pairing_code.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a companion whose QR is scanned is linked, told to restart, and can log in") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  CHECK(companion.wire().first("iq")->child("pair-device")->children("ref").size() == 6);
  CHECK(companion.wire().count("success") == 0);

  REQUIRE(phone.scan(companion.qr()));
  CHECK(phone.companions().empty());
  REQUIRE(companion.sign());
  CHECK(companion.wire().last("stream:error")->attr_is("code", "515"));
  CHECK(companion.wire().closed);
  CHECK(phone.companions() == std::vector<std::string>{companion.jid.to_string()});

  companion.log_in();
  REQUIRE(companion.wire().first("success") != nullptr);
  CHECK(companion.wire().first("success")->jid("lid")->device() == companion.jid.device());
  CHECK(desk.core().state().violations.empty());
}

TEST_CASE("device numbers and key indexes are never given out twice") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion first(desk, 1);
  first.link(phone);
  REQUIRE(phone.remove_companion(first.jid.to_string()));
  Companion second(desk, 2);
  second.link(phone);
  CHECK(first.jid.device() == 1);
  CHECK(second.jid.device() == 2);
}

TEST_CASE("a QR is accepted until its time and the grace are over, then the socket closes") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  desk.pass(66s);
  CHECK(phone.scan(companion.qr(0)).error().code == base::ErrorCode::kTimeout);
  CHECK_FALSE(companion.wire().closed);
  desk.pass(160s);
  CHECK(companion.wire().closed);
  CHECK(phone.scan(companion.qr(5)).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("a QR with another noise key than the connection's is not found") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  Companion forger(desk, 5);
  const auto real_noise = companion.noise;
  companion.noise = forger.noise;
  CHECK(phone.scan(companion.qr()).error().code == base::ErrorCode::kNotFound);
  companion.noise = real_noise;
  CHECK(phone.scan(companion.qr()));
}

TEST_CASE("a registration with a wrong build hash or a wrong signature is refused with 400") {
  Desk desk;
  Companion companion(desk);
  whatsapp::proto::ClientPayload payload;
  REQUIRE(payload.ParseFromString(companion.registration_payload()));
  SUBCASE("build hash") { payload.mutable_device_pairing_data()->set_build_hash(std::string(16, 'x')); }
  SUBCASE("signature") { payload.mutable_device_pairing_data()->set_e_skey_sig(std::string(64, 'x')); }
  SUBCASE("identity too short") { payload.mutable_device_pairing_data()->set_e_ident("short"); }
  companion.connect(payload.SerializeAsString());
  REQUIRE(companion.wire().first("failure") != nullptr);
  CHECK(companion.wire().first("failure")->attr_is("reason", "400"));
  CHECK(companion.wire().closed);
}

TEST_CASE("a companion that refuses or does not answer is not linked") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  SUBCASE("wrong HMAC") { REQUIRE(phone.scan(companion.qr(), LinkFault::kWrongHmac)); }
  SUBCASE("wrong signature") { REQUIRE(phone.scan(companion.qr(), LinkFault::kWrongSignature)); }
  SUBCASE("truncated") { REQUIRE(phone.scan(companion.qr(), LinkFault::kTruncated)); }
  CHECK_FALSE(companion.sign());
  desk.pass(21s);
  CHECK(companion.wire().closed);
  CHECK(phone.companions().empty());
}

TEST_CASE("two answers to a pair-success that came twice link one device") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  REQUIRE(phone.scan(companion.qr(), LinkFault::kTwice));
  CHECK(companion.wire().count("iq") == 3);
  REQUIRE(companion.sign());
  companion.sign();
  CHECK(phone.companions().size() == 1);
}

TEST_CASE("a companion that signs with another key is not linked, and that is a violation") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  REQUIRE(phone.scan(companion.qr()));
  const Node request = *companion.wire().last("iq");
  auto linked = whatsapp::pairing::accept_pair_success(
      *request.child("pair-success")->child_bytes("device-identity"), companion.adv_secret,
      companion.identity, std::nullopt, desk.world.random());
  REQUIRE(linked);
  linked->reply.back() ^= 0x01;
  companion.say(
      Node("iq")
          .with("type", "result")
          .with("id", request.attr("id"))
          .add(Node("pair-device-sign")
                   .add(Node("device-identity").with("key-index", 1).bytes(base::ByteView{linked->reply}))));
  CHECK(phone.companions().empty());
  REQUIRE(desk.core().state().violations.size() == 1);
  CHECK(desk.core().state().violations[0].what == "bad_device_signature");
}

TEST_CASE("linking by code: the right code links, a wrong one can be typed again") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.open_registration();
  const std::string code = "ABCD1234";
  const auto hello = whatsapp::pairing::make_companion_hello(code, desk.world.random());
  companion.say(Node("iq")
                    .with("id", "hello")
                    .with("type", "set")
                    .with("xmlns", "md")
                    .add(Node("link_code_companion_reg")
                             .with("jid", *Jid::parse(phone.pn()))
                             .with("stage", "companion_hello")
                             .add(Node("link_code_pairing_wrapped_companion_ephemeral_pub")
                                      .bytes(base::ByteView{hello.wrapped_ephemeral}))
                             .add(Node("companion_server_auth_key_pub")
                                      .bytes(base::ByteView{companion.noise.public_key}))
                             .add(Node("companion_platform_id").text("1"))
                             .add(Node("companion_platform_display").text("Chrome (Linux)"))));
  const Node* answer = companion.wire().answer("hello");
  REQUIRE(answer != nullptr);
  REQUIRE(answer->child("link_code_companion_reg") != nullptr);

  const auto type_and_answer = [&](std::string_view typed) {
    REQUIRE(phone.enter_code(typed));
    const Node& notification = *companion.wire().last("notification");
    const Node& request = *notification.child("link_code_companion_reg");
    CHECK(request.attr_is("stage", "primary_hello"));
    const auto finish = whatsapp::pairing::answer_primary_hello(
        code, hello.ephemeral, companion.identity,
        *request.child_bytes("link_code_pairing_wrapped_primary_ephemeral_pub"),
        *request.child_bytes("primary_identity_pub"), desk.world.random());
    if (!finish) return;
    companion.adv_secret = finish->adv_secret;
    companion.say(Node("iq")
                      .with("id", "finish")
                      .with("type", "set")
                      .with("xmlns", "md")
                      .add(Node("link_code_companion_reg")
                               .with("jid", *Jid::parse(phone.pn()))
                               .with("stage", "companion_finish")
                               .add(Node("link_code_pairing_wrapped_key_bundle")
                                        .bytes(base::ByteView{finish->wrapped_key_bundle}))
                               .add(Node("companion_identity_public")
                                        .bytes(base::ByteView{companion.identity.public_key}))
                               .add(Node("link_code_pairing_ref")
                                        .bytes(*request.child_bytes("link_code_pairing_ref")))));
  };
  type_and_answer("ABCD-1235");
  CHECK(companion.wire().last("iq")->child("pair-success") == nullptr);
  type_and_answer("abcd-1234");
  REQUIRE(companion.wire().last("iq")->child("pair-success") != nullptr);
  REQUIRE(companion.sign());
  CHECK(phone.companions().size() == 1);
}

TEST_CASE("an unlinked device hears device_removed, cannot log in again, and others are told") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion gone(desk, 1);
  gone.link(phone);
  Companion stays(desk, 2);
  stays.link(phone);
  REQUIRE(phone.remove_companion(gone.jid.to_string()));
  const Node* error = gone.wire().last("stream:error");
  REQUIRE(error != nullptr);
  CHECK(error->attr_is("code", "401"));
  CHECK(error->child("conflict")->attr_is("type", "device_removed"));
  CHECK(gone.wire().closed);
  gone.log_in();
  CHECK(gone.wire().first("failure")->attr_is("reason", "401"));

  const Node* notice = stays.wire().last("notification");
  REQUIRE(notice != nullptr);
  CHECK(notice->attr_is("type", "account_sync"));
  CHECK(notice->child("devices")->children("device").size() == 2);
}

TEST_CASE("a device unlinks itself") {
  Desk desk;
  SimulatedPhone& phone = desk.phone();
  Companion companion(desk);
  companion.link(phone);
  companion.say(
      Node("iq")
          .with("id", "bye")
          .with("to", Jid::service())
          .with("type", "set")
          .with("xmlns", "md")
          .add(Node("remove-companion-device").with("jid", companion.jid).with("reason", "user_initiated")));
  CHECK(companion.wire().answer("bye")->attr_is("type", "result"));
  CHECK(companion.wire().last("stream:error")->attr_is("code", "401"));
  CHECK(phone.companions().empty());
}

}  // namespace
}  // namespace simulator
