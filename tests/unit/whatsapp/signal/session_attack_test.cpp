#include <doctest/doctest.h>

#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"
#include "whatsapp/signal/wire_message.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

// u = 0, 1, p - 1, p, p + 1, and two points of order 8.
const char* const kLowOrder[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
};

/// Every byte of a message spoiled in turn: each is refused, nothing changes, and the original is read.
void spoil_every_byte(TestDevice& receiver, const CiphertextMessage& message) {
  for (std::size_t i = 0; i < message.bytes.size(); ++i) {
    for (std::uint8_t flip : {0x01, 0x80}) {
      CiphertextMessage spoiled = message;
      spoiled.bytes[i] ^= flip;
      // The low nibble of the outer version and the registration id of a pre-key message are not covered.
      SessionRecord untouched = receiver.record;
      const auto read = decrypt(receiver.record, spoiled.kind, spoiled.bytes, receiver.context());
      if (!read)
        CHECK(receiver.record.serialize() == untouched.serialize());
      else
        CHECK_MESSAGE(message.kind == MessageKind::kPreKeyMessage, "byte ", i);
      receiver.record = std::move(untouched);
    }
  }
}

}  // namespace

TEST_CASE("a message with any byte spoiled is refused and changes nothing") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
  CHECK(alice.receive_text(bob.send("hi")) == "hi");
  const auto message = alice.send("with a new ratchet key");
  spoil_every_byte(bob, message);
  CHECK(bob.receive_text(message) == "with a new ratchet key");
  const auto next = alice.send("on a known chain");
  spoil_every_byte(bob, next);
  CHECK(bob.receive_text(next) == "on a known chain");
}

TEST_CASE(
    "a pre-key message with any byte spoiled gives nothing but its own text, and changes nothing if "
    "refused") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  const auto message = alice.send("hello");
  spoil_every_byte(bob, message);
  CHECK(bob.receive_text(message) == "hello");
}

TEST_CASE("a new session under a foreign identity fails its MAC and leaves contact and keys alone") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
  const auto trusted = bob.stored_identity;

  TestDevice mallory{3};
  mallory.start(bob.bundle());
  auto outer = PreKeySignalMessage::parse(mallory.send("I am Alice").bytes);
  REQUIRE(outer.has_value());
  outer->identity_key = alice.local.keys.public_key;
  CHECK(bob.receive({MessageKind::kPreKeyMessage, outer->encode()}).error() == DecryptError::kBadMac);
  CHECK(bob.stored_identity == trusted);
  CHECK(bob.pre_keys.count(2) == 1);
}

TEST_CASE("a known base key with another identity outside is refused") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
  auto outer = PreKeySignalMessage::parse(alice.send("again").bytes);
  REQUIRE(outer.has_value());
  const Bytes honest = outer->encode();
  outer->identity_key = known::pair("mallory").public_key;
  CHECK(bob.receive({MessageKind::kPreKeyMessage, outer->encode()}).error() == DecryptError::kInvalidMessage);
  CHECK(bob.stored_identity == alice.local.keys.public_key);
  CHECK(bob.receive_text({MessageKind::kPreKeyMessage, honest}) == "again");
}

TEST_CASE("a forged message does not reach the healthy states behind the first") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("one")) == "one");
  alice.record = {};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("two")) == "two");
  CHECK(alice.receive_text(bob.send("answer")) == "answer");
  auto forged = alice.send("three");
  const auto honest = forged;
  forged.bytes[forged.bytes.size() - 1] ^= 1;
  CHECK(bob.receive(forged).error() == DecryptError::kBadMac);
  CHECK(bob.receive_text(honest) == "three");
}

TEST_CASE("keys of low order are refused wherever a peer can put one") {
  for (const char* hex : kLowOrder) {
    CAPTURE(hex);
    const auto low = known::fixed<32>(hex);
    TestDevice alice{1}, bob{2};
    alice.start(bob.bundle());
    auto first = PreKeySignalMessage::parse(alice.send("hello").bytes);
    REQUIRE(first.has_value());

    PreKeySignalMessage outer = *first;
    outer.base_key = low;
    CHECK(bob.receive({MessageKind::kPreKeyMessage, outer.encode()}).error() == DecryptError::kInvalidKey);
    outer = *first;
    outer.identity_key = low;
    CHECK(bob.receive({MessageKind::kPreKeyMessage, outer.encode()}).error() == DecryptError::kInvalidKey);
    CHECK(bob.receive_text({MessageKind::kPreKeyMessage, first->encode()}) == "hello");

    Bytes message = encode_signal_message(low, 0, 0, Bytes(16, 1));
    message.resize(message.size() + kMacSize);
    CHECK(bob.receive({MessageKind::kMessage, message}).error() == DecryptError::kInvalidKey);

    PreKeyBundle bundle = alice.bundle();
    bundle.pre_key = {1, low};
    SessionRecord none;
    CHECK(start_session(none, bundle, bob.local, bob.random).error().code == base::ErrorCode::kCrypto);
    bundle.identity = low;
    CHECK(!start_session(none, bundle, bob.local, bob.random));
    CHECK(none.empty());
  }
}

TEST_CASE("random bytes are refused whatever they are called") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
  base::SeededRandom random{9};
  for (int i = 0; i < 2000; ++i) {
    Bytes bytes = random.bytes(random.below(200));
    if (!bytes.empty() && i % 2 == 0) bytes[0] = kVersionByte;
    for (MessageKind kind : {MessageKind::kMessage, MessageKind::kPreKeyMessage})
      CHECK(!bob.receive({kind, bytes}));
  }
}

TEST_CASE("a wrong padding behind a right MAC is an invalid message and changes nothing") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
  CHECK(alice.receive_text(bob.send("hi")) == "hi");
  const SenderChain& chain = *alice.record.current()->sender;
  const MessageKeys keys = derive_message_keys(message_seed(chain.chain.key));
  // Random blocks decrypt to a valid padding about once in 256.
  Bytes message = encode_signal_message(chain.ratchet.public_key, 0, 0, Bytes(32, 0x5A));
  base::append(message,
               message_mac(keys.mac, alice.local.keys.public_key, bob.local.keys.public_key, message));
  CHECK(bob.receive({MessageKind::kMessage, message}).error() == DecryptError::kInvalidMessage);
  CHECK(bob.receive_text(alice.send("still fine")) == "still fine");
}
