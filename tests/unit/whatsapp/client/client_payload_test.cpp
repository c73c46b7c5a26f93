#include "whatsapp/client/client_payload.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "proto/client_payload.pb.h"

using whatsapp::device_props;
using whatsapp::login_payload;
using whatsapp::registration_payload;
using whatsapp::WebVersion;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;

namespace {

const WebVersion kVersion{2, 3000, 1045649367};

whatsapp::store::DeviceCredentials linked_as(const Jid& pn) {
  whatsapp::store::DeviceCredentials credentials;
  credentials.paired.emplace();
  credentials.paired->pn = pn;
  credentials.login_count = 1;
  return credentials;
}

}  // namespace

TEST_CASE("the device properties are the known bytes") {
  CHECK(base::to_hex(device_props("Windows")) ==
        "0a0757696e646f77731206080a10001800180120002a2018805020013001380140014801500158016001"
        "7001780198013ca80101b00101");
}

TEST_CASE("the login payload is the known bytes") {
  const auto payload = login_payload(linked_as(Jid("5511999999999", Server::kUser, 3)), kVersion);
  REQUIRE(payload);
  CHECK(base::to_hex(*payload) ==
        "08ff9fb5e6b5a00118012a38080e120b080210b81718d7afcdf2031a0330303022033030302a03302e3132003a0744"
        "65736b746f704203302e3150005a02656e620255533202200060016801900103c00101880201c80201");
}

TEST_CASE("the registration payload is the known bytes") {
  whatsapp::store::DeviceCredentials credentials;
  credentials.registration_id = 0x162e;
  credentials.identity.public_key.fill(0x11);
  credentials.signed_pre_key.id = 1;
  credentials.signed_pre_key.keys.public_key.fill(0x22);
  credentials.signed_pre_key.signature.fill(0x33);
  const auto payload = registration_payload(credentials, kVersion, "Windows");
  CHECK(payload.size() == 298);
  CHECK(base::to_hex(crypto::sha256(payload)) ==
        "02c09f7264b42df3eac8703ac3378e8d325cec6abd56d265f9e8266d2f841e5a");
}

TEST_CASE("a refreshed version changes the hash and the number together") {
  whatsapp::proto::ClientPayload parsed;
  const WebVersion newer{2, 3000, 1046000000};
  const auto payload = registration_payload({}, newer, "Windows");
  REQUIRE(parsed.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
  CHECK(parsed.user_agent().app_version().tertiary() == 1046000000);
  CHECK(std::ranges::equal(base::as_bytes(parsed.device_pairing_data().build_hash()), newer.build_hash()));
}

TEST_CASE("only a linked device with a numeric user can log in") {
  CHECK_FALSE(login_payload({}, kVersion));
  CHECK(login_payload(linked_as(Jid("somebody", Server::kUser, 3)), kVersion).error().code ==
        base::ErrorCode::kCorrupt);
}
