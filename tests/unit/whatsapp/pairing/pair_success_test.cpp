#include "whatsapp/pairing/pair_success.h"

#include <doctest/doctest.h>

#include "proto/pairing.pb.h"
#include "unit/whatsapp/pairing/known_pairing.h"
#include "whatsapp/pairing/adv_prefix.h"

using namespace whatsapp::pairing;
using base::Bytes;

namespace {

using Linked = std::expected<LinkedIdentity, PairRefusal>;

Linked accept(base::ByteView container, std::optional<crypto::PublicKey> expected_primary = std::nullopt) {
  base::SeededRandom random{2};
  return accept_pair_success(container, known::adv_secret(), known::companion(), expected_primary, random);
}

DeviceDetails details_of(Encryption account_type, Encryption device_type) {
  return {123456, 1'700'000'000, 7, account_type, device_type};
}

Bytes container_of(const DeviceDetails& details) {
  base::SeededRandom random{1};
  return make_identity_container(known::primary(), details, known::companion().public_key,
                                 known::adv_secret(), random);
}

/// A container with the known signed identity, edited, under a right HMAC.
template <class Edit>
Bytes edited(Edit edit) {
  whatsapp::proto::ADVSignedDeviceIdentity inner;
  inner.set_details(base::to_string(known::hex(known::kDetailsHex)));
  inner.set_account_signature_key(base::to_string(known::primary().public_key));
  inner.set_account_signature(base::to_string(known::hex(known::kAccountSignatureHex)));
  edit(inner);
  whatsapp::proto::ADVSignedDeviceIdentityHMAC outer;
  outer.set_details(inner.SerializeAsString());
  outer.set_hmac(base::to_string(
      container_hmac(known::adv_secret(), Encryption::kEndToEnd, base::as_bytes(outer.details()))));
  return base::to_bytes(outer.SerializeAsString());
}

int refusal_of(base::ByteView container) {
  const Linked linked = accept(container);
  return linked ? 0 : linked.error().number();
}

}  // namespace

TEST_CASE("the known container links us; the reply has 146 bytes and no account signature key") {
  const Bytes container = edited([](auto&) {});
  CHECK(container.size() == 150);
  const Linked linked = accept(container);
  REQUIRE(linked.has_value());
  CHECK(linked->details.key_index == 7);
  CHECK(linked->account_signature_key == known::primary().public_key);
  CHECK(linked->reply.size() == 146);
  CHECK(base::to_hex(linked->reply)
            .starts_with("0a0c" + std::string{known::kDetailsHex} + "1a40" +
                         std::string{known::kAccountSignatureHex} + "2240"));
  const auto stored = SignedDeviceIdentity::parse(linked->stored);
  REQUIRE(stored.has_value());
  CHECK(stored->account_signature_key == known::primary().public_key);
  CHECK(verify_device_signature(known::companion().public_key, Encryption::kEndToEnd, stored->details,
                                known::primary().public_key, *stored->device_signature));
}

TEST_CASE("what our phone makes, our companion accepts, and the phone accepts the reply, hosted or not") {
  for (Encryption account_type : {Encryption::kEndToEnd, Encryption::kHosted})
    for (Encryption device_type : {Encryption::kEndToEnd, Encryption::kHosted}) {
      const Bytes container = container_of(details_of(account_type, device_type));
      const Linked linked = accept(container);
      REQUIRE(linked.has_value());
      CHECK(check_signed_reply(linked->reply, container, known::primary().public_key,
                               known::companion().public_key));
    }
}

TEST_CASE("a container with any bit flipped is refused") {
  const Bytes container = container_of(details_of(Encryption::kEndToEnd, Encryption::kEndToEnd));
  for (std::size_t bit = 0; bit < container.size() * 8; ++bit) {
    Bytes flipped = container;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_MESSAGE(!accept(flipped), "bit ", bit);
  }
}

TEST_CASE("a wrong HMAC or signature is not authorized, what does not decode is an internal error") {
  CHECK(refusal_of(edited([](auto& f) { f.mutable_account_signature()->front() ^= 1; })) == 401);
  CHECK(refusal_of(edited([](auto& f) { f.mutable_account_signature()->pop_back(); })) == 401);
  CHECK(refusal_of(edited([](auto& f) { f.mutable_account_signature_key()->pop_back(); })) == 401);
  CHECK(refusal_of(edited([](auto& f) { f.mutable_account_signature_key()->push_back('x'); })) == 401);
  CHECK(refusal_of(edited([](auto& f) { f.clear_account_signature_key(); })) == 401);
  CHECK(refusal_of(edited([](auto& f) { f.set_details("\x08"); })) == 500);
  CHECK(refusal_of(known::hex("0aff")) == 500);
  CHECK(refusal_of({}) == 500);
  CHECK(refusal_of(Bytes(501, 0)) == 500);

  whatsapp::proto::ADVSignedDeviceIdentityHMAC outer;
  const Bytes good = edited([](auto&) {});
  REQUIRE(outer.ParseFromArray(good.data(), static_cast<int>(good.size())));
  for (std::size_t size : {0, 31, 33}) {
    outer.mutable_hmac()->resize(size);
    CHECK(refusal_of(base::as_bytes(outer.SerializeAsString())) == 401);
  }
  CHECK(PairRefusal{PairRefusal::Code::kNotAuthorized, ""}.text() == "not-authorized");
  CHECK(PairRefusal{PairRefusal::Code::kInternalError, ""}.text() == "internal-error");
}

TEST_CASE("after linking by code only the phone that took the code may sign") {
  const Bytes container = edited([](auto&) {});
  CHECK(accept(container, known::primary().public_key).has_value());
  const Linked linked = accept(container, known::noise().public_key);
  REQUIRE(!linked);
  CHECK(linked.error().number() == 401);
}

TEST_CASE("unknown fields in the signed identity do no harm") {
  CHECK(refusal_of(edited([](auto& f) { f.mutable_unknown_fields()->append("\xf8\x06\x01"); })) == 0);
}

TEST_CASE("the phone refuses a reply that is not the answer to its container") {
  const Bytes container = container_of(details_of(Encryption::kEndToEnd, Encryption::kEndToEnd));
  const Linked linked = accept(container);
  REQUIRE(linked.has_value());
  const auto check = [&](auto edit) {
    auto reply = SignedDeviceIdentity::parse(linked->reply).value();
    edit(reply);
    return check_signed_reply(reply.encode(), container, known::primary().public_key,
                              known::companion().public_key)
        .has_value();
  };
  CHECK(check([](auto&) {}));
  CHECK(!check([](auto& r) { r.details.push_back(0); }));
  CHECK(!check([](auto& r) { r.account_signature[0] ^= 1; }));
  CHECK(!check([](auto& r) { r.account_signature_key = known::primary().public_key; }));
  CHECK(!check([](auto& r) { r.device_signature.reset(); }));
  CHECK(!check([](auto& r) { (*r.device_signature)[40] ^= 1; }));
}
