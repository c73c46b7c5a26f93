#include "whatsapp/pairing/device_identity.h"

#include <doctest/doctest.h>

#include "proto/pairing.pb.h"
#include "unit/whatsapp/pairing/known_pairing.h"
#include "whatsapp/pairing/adv_prefix.h"

using namespace whatsapp::pairing;
using base::Bytes;

namespace {

SignedDeviceIdentity known_identity() {
  SignedDeviceIdentity identity;
  identity.details = known::hex(known::kDetailsHex);
  identity.account_signature_key = known::primary().public_key;
  identity.account_signature = base::to_fixed<64>(known::hex(known::kAccountSignatureHex));
  return identity;
}

}  // namespace

TEST_CASE("the known device identity is read and written") {
  DeviceDetails details;
  details.raw_id = 123456;
  details.timestamp = 1'700'000'000;
  details.key_index = 7;
  CHECK(base::to_hex(details.encode()) == known::kDetailsHex);
  const auto read = DeviceDetails::parse(known::hex(known::kDetailsHex));
  REQUIRE(read.has_value());
  CHECK(read->raw_id == 123456);
  CHECK(read->timestamp == 1'700'000'000);
  CHECK(read->key_index == 7);
  CHECK(read->device_type == Encryption::kEndToEnd);
}

TEST_CASE("a device identity without key index has index 0") {
  CHECK(DeviceDetails::parse(known::hex("08c0c407")).value().key_index == 0);
  CHECK(DeviceDetails::parse({}).value().key_index == 0);
  CHECK(DeviceDetails::parse(known::hex("08")).error().code == base::ErrorCode::kMalformed);
}

TEST_CASE("the known signatures hold, and for nothing else") {
  const Bytes details = known::hex(known::kDetailsHex);
  const Bytes account = known::hex(known::kAccountSignatureHex);
  const Bytes device = known::hex(known::kDeviceSignatureHex);
  const auto primary = known::primary().public_key;
  const auto companion = known::companion().public_key;
  CHECK(verify_account_signature(primary, Encryption::kEndToEnd, details, companion, account));
  CHECK(!verify_account_signature(primary, Encryption::kHosted, details, companion, account));
  CHECK(!verify_account_signature(primary, Encryption::kEndToEnd, details, primary, account));
  CHECK(!verify_account_signature(companion, Encryption::kEndToEnd, details, companion, account));
  CHECK(verify_device_signature(companion, Encryption::kEndToEnd, details, primary, device));
  CHECK(verify_device_signature(companion, Encryption::kHosted, details, primary, device));
  CHECK(!verify_device_signature(companion, Encryption::kEndToEnd, details, companion, device));
  CHECK(!verify_device_signature(companion, Encryption::kEndToEnd, details, primary,
                                 base::ByteView{device}.first(63)));
}

TEST_CASE("the known signed identity has the known HMAC, hosted or not") {
  const Bytes encoded = known_identity().encode();
  CHECK(base::to_hex(encoded) == "0a0c" + std::string{known::kDetailsHex} + "1220" +
                                     base::to_hex(known::primary().public_key) + "1a40" +
                                     std::string{known::kAccountSignatureHex});
  CHECK(base::to_hex(container_hmac(known::adv_secret(), Encryption::kEndToEnd, encoded)) ==
        "d64b19b3e4e7f45c10a26d230df26937d86e6adfa585201350394e7116ae2f2e");
  CHECK(base::to_hex(container_hmac(known::adv_secret(), Encryption::kHosted, encoded)) ==
        "28a897e36721590afc0c11c40716f2113b48ae893af5d3d06db1fad8789c9f3e");
}

TEST_CASE("keys and signatures of another length are wrong, not malformed") {
  whatsapp::proto::ADVSignedDeviceIdentity good;
  REQUIRE(good.ParseFromString(base::to_string(known_identity().encode())));
  const auto error_after = [&](auto edit) {
    auto bad = good;
    edit(bad);
    return SignedDeviceIdentity::parse(base::as_bytes(bad.SerializeAsString())).error().code;
  };
  CHECK(error_after([](auto& f) { f.mutable_account_signature_key()->pop_back(); }) ==
        base::ErrorCode::kCrypto);
  CHECK(error_after([](auto& f) { f.mutable_account_signature_key()->push_back('x'); }) ==
        base::ErrorCode::kCrypto);
  CHECK(error_after([](auto& f) { f.mutable_account_signature()->pop_back(); }) == base::ErrorCode::kCrypto);
  CHECK(error_after([](auto& f) { f.clear_account_signature(); }) == base::ErrorCode::kCrypto);
  CHECK(error_after([](auto& f) { f.set_device_signature("x"); }) == base::ErrorCode::kCrypto);
  CHECK(SignedDeviceIdentity::parse(known::hex("0a7f")).error().code == base::ErrorCode::kMalformed);
}

TEST_CASE("a peer's companion is believed with both signatures and the account key of its phone") {
  base::SeededRandom random{1};
  SignedDeviceIdentity identity = known_identity();
  identity.device_signature =
      sign_as_device(known::companion(), identity.details, known::primary().public_key, random);
  const auto companion = known::companion().public_key;
  const Bytes with_key = identity.encode();
  CHECK(verify_peer_device(with_key, companion, std::nullopt));
  CHECK(!verify_peer_device(with_key, known::noise().public_key, std::nullopt));
  identity.account_signature_key.reset();
  const Bytes without_key = identity.encode();
  CHECK(!verify_peer_device(without_key, companion, std::nullopt));
  CHECK(verify_peer_device(without_key, companion, known::primary().public_key));
  CHECK(!verify_peer_device(without_key, companion, known::noise().public_key));
  identity.device_signature.reset();
  CHECK(!verify_peer_device(identity.encode(), companion, known::primary().public_key));
  CHECK(!verify_peer_device({}, companion, known::primary().public_key));
}

TEST_CASE("a hosted device may have signed as one") {
  base::SeededRandom random{1};
  DeviceDetails details;
  details.device_type = Encryption::kHosted;
  const Bytes bytes = details.encode();
  const auto device = known::companion();
  const auto account = known::primary().public_key;
  const auto signature = crypto::xeddsa_sign(
      device.private_key, base::concat(Bytes{6, 6}, bytes, device.public_key, account), random);
  CHECK(verify_device_signature(device.public_key, Encryption::kHosted, bytes, account, signature));
  CHECK(!verify_device_signature(device.public_key, Encryption::kEndToEnd, bytes, account, signature));
}
