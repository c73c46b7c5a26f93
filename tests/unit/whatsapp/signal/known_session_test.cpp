#include <doctest/doctest.h>

#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"
#include "vector_check/replay_random.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

const std::string kKnownMessage =
    "330a2105a7244b29b9c7ae5475592379168f21b852ef340d91727086e25ae8fbaa2cae39100018002210ea713ce94b10173cb00b"
    "ce68"
    "f5275563060bf72b78cb3c7f";
const std::string kKnownPreKeyMessage =
    "330807122105456dd7658cc33b224a5682a3f843e2c985e1629d1db7490d338c6a2cd6762f6b1a2105d26e55a89604c35812a457"
    "8b54"
    "7faed8e6a96f7d8791c9870bad727c9aadb9712242" +
    kKnownMessage + "28b4243001";

PreKeyBundle bobs_bundle() {
  PreKeyBundle bundle;
  bundle.registration_id = 1;
  bundle.identity = known::pair("bob identity").public_key;
  bundle.signed_pre_key_id = 1;
  bundle.signed_pre_key = known::pair("bob signed prekey").public_key;
  bundle.signed_pre_key_signature = crypto::xeddsa_sign(known::pair("bob identity").private_key,
                                                        to_wire_key(bundle.signed_pre_key), known::nonce());
  bundle.pre_key = {7, known::pair("bob prekey").public_key};
  return bundle;
}

SessionRecord alices_session(const PreKeyBundle& bundle) {
  vector_check::ReplayRandom random;
  random.give(known::pair("alice base").private_key.view());
  random.give(known::pair("alice ratchet").private_key.view());
  SessionRecord record;
  REQUIRE(start_session(record, bundle, {known::pair("alice identity"), 4660}, random).has_value());
  CHECK(random.used_up());
  return record;
}

}  // namespace

TEST_CASE("the known bundle begins the known session") {
  const SessionRecord record = alices_session(bobs_bundle());
  const SessionState& state = *record.current();
  CHECK(base::to_hex(state.root_key.view()) ==
        "0eaa19a4b4503e35ac6a0868d5700d537273189d7d9b4ed82949e540f8427996");
  CHECK(base::to_hex(state.sender->chain.key.view()) ==
        "cec9ab9d0f9689719a28cc25728df6d3c3fae78ed4126c5dc735ffcd5f7d0730");
  CHECK(base::to_hex(state.receivers.at(0).key->view()) ==
        "8bfea4f0de672ce2bd2681a96a5e569e34436a0f4302ffe6d4b2b588dbeb8eee");
  CHECK(state.base_key == known::pair("alice base").public_key);
}

TEST_CASE("without a one-time key the fourth agreement is left out") {
  PreKeyBundle bundle = bobs_bundle();
  bundle.pre_key.reset();
  const SessionRecord record = alices_session(bundle);
  CHECK(base::to_hex(record.current()->receivers.at(0).key->view()) ==
        "4309a055cc0e56de01f9148412e1545776f5c3e0de1e090af24aec2eab26678f");
}

TEST_CASE("the first message of the known session is the known one, byte for byte") {
  SessionRecord record = alices_session(bobs_bundle());
  const auto message = encrypt(record, base::as_bytes("hello"));
  REQUIRE(message.has_value());
  CHECK(message->kind == MessageKind::kPreKeyMessage);
  CHECK(base::to_hex(message->bytes) == kKnownPreKeyMessage);
}

TEST_CASE("the known message is read once; read again it is a duplicate") {
  LoadedPreKeys pre_keys;
  pre_keys.pre_key = PreKey{7, known::pair("bob prekey")};
  pre_keys.signed_pre_key = SignedPreKey{1, known::pair("bob signed prekey"), {}, 0};
  const LocalIdentity bob{known::pair("bob identity"), 1};
  base::SeededRandom random{1};
  const ReceiveContext context{
      .local = bob, .pre_keys = pre_keys, .stored_identity = std::nullopt, .random = random};
  SessionRecord record;

  const Bytes wire = known::hex(kKnownPreKeyMessage);
  const auto named = peek_pre_keys(wire);
  REQUIRE(named.has_value());
  CHECK(named->pre_key_id == 7);
  CHECK(named->signed_pre_key_id == 1);

  const auto read = decrypt(record, MessageKind::kPreKeyMessage, wire, context);
  REQUIRE(read.has_value());
  CHECK(base::to_string(read->plaintext) == "hello");
  CHECK(read->used_pre_key_id == 7);
  CHECK(read->identity_news == IdentityNews::kFirstSeen);
  CHECK(read->identity == known::pair("alice identity").public_key);
  CHECK(record.remote_registration_id() == 4660);
  REQUIRE(record.current()->receivers.size() == 1);
  CHECK(record.current()->receivers[0].ratchet == known::pair("alice ratchet").public_key);
  CHECK(record.current()->receivers[0].index == 1);

  const auto again = decrypt(record, MessageKind::kPreKeyMessage, wire, context);
  CHECK(again.error() == DecryptError::kDuplicate);
}
