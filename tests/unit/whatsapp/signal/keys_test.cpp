#include "whatsapp/signal/keys.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/signal/known_keys.h"

using namespace whatsapp::signal;

TEST_CASE("a key on the wire is 33 bytes and begins with 05") {
  const auto key = known::pair("any").public_key;
  const WireKey wire = to_wire_key(key);
  CHECK(parse_wire_key(wire) == key);
  base::Bytes longer{wire.begin(), wire.end()};
  longer.push_back(0);
  CHECK(!parse_wire_key(longer));
  CHECK(!parse_wire_key(base::ByteView{wire}.first(32)));
  CHECK(!parse_wire_key({}));
  WireKey other_type = wire;
  other_type[0] = 4;
  CHECK(!parse_wire_key(other_type));
}

TEST_CASE("registration ids lie between 1 and 16380") {
  base::SeededRandom random{1};
  std::uint32_t lowest = kMaxRegistrationId, highest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto id = generate_registration_id(random);
    lowest = std::min(lowest, id);
    highest = std::max(highest, id);
  }
  CHECK(lowest == 1);
  CHECK(highest == 16380);
}

TEST_CASE("pre-key ids count up and begin again at 1") {
  CHECK(next_pre_key_id(1) == 2);
  CHECK(next_pre_key_id(0xFFFFFE) == 0xFFFFFF);
  CHECK(next_pre_key_id(0xFFFFFF) == 1);
}

TEST_CASE("a signed pre-key verifies under its identity only") {
  base::SeededRandom random{2};
  const auto identity = crypto::generate_key_pair(random);
  const auto other = crypto::generate_key_pair(random);
  const SignedPreKey key = generate_signed_pre_key(1, identity, 1'760'000'000, random);
  CHECK(verify_signed_pre_key(identity.public_key, key.keys.public_key, key.signature));
  CHECK(!verify_signed_pre_key(other.public_key, key.keys.public_key, key.signature));
  CHECK(!verify_signed_pre_key(identity.public_key, other.public_key, key.signature));
  CHECK(key.created_at == 1'760'000'000);
}

TEST_CASE("the known signed pre-key and the known bundle digest") {
  const auto identity = known::pair("bob identity");
  SignedPreKey key{1, known::pair("bob signed prekey"), {}, 0};
  key.signature = crypto::xeddsa_sign(identity.private_key, to_wire_key(key.keys.public_key), known::nonce());
  CHECK(base::to_hex(key.signature) ==
        "fcdf58a2e3f4e0537f807b7adf5aae41b921bc5dbf4180f606b31219235a29366c09176784ad085b58ca2cf1969eacc5af5c"
        "fe3c"
        "492fa00a5e89e644ba1e668a");
  const std::array<crypto::PublicKey, 1> pre_keys{known::pair("bob prekey").public_key};
  CHECK(base::to_hex(key_bundle_digest(identity.public_key, key, pre_keys)) ==
        "a8af3101811ce7dd2ea576787ff71ffe39f9b3a2");
}
