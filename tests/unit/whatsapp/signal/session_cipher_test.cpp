#include "whatsapp/signal/session_cipher.h"

#include <doctest/doctest.h>

#include <vector>

#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

/// Alice has begun, Bob has answered: both know the session.
struct Pair {
  TestDevice alice{1};
  TestDevice bob{2};

  Pair() {
    alice.start(bob.bundle());
    CHECK(bob.receive_text(alice.send("hello")) == "hello");
    CHECK(alice.receive_text(bob.send("hi")) == "hi");
  }
};

}  // namespace

TEST_CASE("messages are pre-key messages until the other side has answered") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  const auto first = alice.send("one");
  const auto second = alice.send("two");
  CHECK(first.kind == MessageKind::kPreKeyMessage);
  CHECK(second.kind == MessageKind::kPreKeyMessage);
  CHECK(bob.receive_text(second) == "two");
  CHECK(bob.receive_text(first) == "one");
  CHECK(bob.send("answer").kind == MessageKind::kMessage);
  CHECK(alice.receive_text(bob.send("answer 2")) == "answer 2");
  CHECK(alice.send("three").kind == MessageKind::kMessage);
}

TEST_CASE("the one-time key is used by the first message only, and is to be deleted then") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  const auto first = alice.send("one");
  const auto second = alice.send("two");
  CHECK(bob.receive(first)->used_pre_key_id == 1);
  CHECK(bob.pre_keys.count(1) == 0);
  const Read read = bob.receive(second);
  CHECK(!read->used_pre_key_id);
  CHECK(read->identity_news == IdentityNews::kNone);
}

TEST_CASE("an empty message is carried, too") {
  Pair pair;
  CHECK(pair.bob.receive_text(pair.alice.send("")) == "");
}

TEST_CASE("without a session nothing is encrypted, and a message has no session") {
  TestDevice alice{1}, bob{2};
  CHECK(encrypt(bob.record, {}).error().code == base::ErrorCode::kNotFound);
  Pair pair;
  CHECK(bob.receive(pair.alice.send("x")).error() == DecryptError::kNoSession);
}

TEST_CASE("a pre-key message that names a key we do not have changes nothing and is read once we have it") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  const auto message = alice.send("hello");
  const PreKey missing = bob.pre_keys.at(1);
  bob.pre_keys.erase(1);
  CHECK(bob.receive(message).error() == DecryptError::kInvalidKeyId);
  bob.pre_keys[1] = missing;
  bob.signed_pre_key.id = 2;
  CHECK(bob.receive(message).error() == DecryptError::kInvalidKeyId);
  bob.signed_pre_key.id = 1;
  CHECK(bob.receive_text(message) == "hello");
}

TEST_CASE("a bundle with a wrong signature begins nothing") {
  TestDevice alice{1}, bob{2};
  PreKeyBundle bundle = bob.bundle();
  bundle.signed_pre_key_signature[10] ^= 1;
  CHECK(start_session(alice.record, bundle, alice.local, alice.random).error().code ==
        base::ErrorCode::kCrypto);
  CHECK(alice.record.empty());
}

TEST_CASE("previousCounter is the counter of the last message on the chain before, 0 if it was not used") {
  const auto previous_of = [](const CiphertextMessage& message) {
    whatsapp::proto::SignalMessage fields;
    REQUIRE(fields.ParseFromArray(message.bytes.data() + 1, static_cast<int>(message.bytes.size() - 9)));
    REQUIRE(fields.has_previous_counter());
    return fields.previous_counter();
  };
  Pair pair;  // Alice has sent one message on her first chain, Bob one on his
  CHECK(previous_of(pair.alice.send("b")) == 0);
  pair.alice.send("c");
  pair.alice.send("d");
  CHECK(pair.bob.receive_text(pair.alice.send("e")) == "e");
  CHECK(pair.alice.receive_text(pair.bob.send("f")) == "f");
  CHECK(previous_of(pair.alice.send("g")) == 3);
}

TEST_CASE("a previousCounter of 2^32 - 1, as some peers send it, is of no consequence") {
  Pair pair;
  SessionState* state = pair.alice.record.mutable_current();
  state->previous_counter = 0xFFFFFFFF;
  CHECK(pair.bob.receive_text(pair.alice.send("odd")) == "odd");
  CHECK(pair.alice.receive_text(pair.bob.send("fine")) == "fine");
  CHECK(pair.bob.receive_text(pair.alice.send("even")) == "even");
}

TEST_CASE("a counter of 2^32 - 1 is refused and changes nothing") {
  Pair pair;
  pair.alice.record.mutable_current()->sender->chain.index = 0xFFFFFFFE;
  CHECK(pair.bob.receive(pair.alice.send("far")).error() == DecryptError::kTooFarAhead);
  CHECK(encrypt(pair.alice.record, {}).error().code == base::ErrorCode::kLimit);
}

TEST_CASE("others may be 1999 messages ahead, not 2000; our own devices 24 999") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("0")) == "0");
  std::vector<CiphertextMessage> messages;
  for (int i = 1; i <= 2001; ++i)
    messages.push_back(*encrypt(alice.record, base::as_bytes(std::to_string(i))));
  CHECK(bob.receive(messages.at(2000)).error() == DecryptError::kTooFarAhead);
  const base::Bytes before = bob.record.serialize();
  CHECK(decrypt(bob.record, messages[2000].kind, messages[2000].bytes, bob.context(Peer::kOwnAccount)));
  bob.record = *SessionRecord::parse(before);
  CHECK(bob.receive_text(messages.at(1999)) == "2000");
  CHECK(bob.receive_text(messages.at(0)) == "1");
  CHECK(bob.receive_text(messages.at(0)) == "!duplicate");
  CHECK(bob.receive_text(messages.at(2000)) == "2001");
}

TEST_CASE("a session with the own identity may jump as far as an own device") {
  TestDevice phone{1};
  TestDevice companion{2};
  companion.local.keys = phone.local.keys;
  companion.signed_pre_key = generate_signed_pre_key(1, companion.local.keys, 0, companion.random);
  phone.start(companion.bundle());
  CHECK(companion.receive_text(phone.send("0")) == "0");
  for (int i = 0; i < 3000; ++i) REQUIRE(encrypt(phone.record, {}));
  CHECK(companion.receive_text(phone.send("late")) == "late");
}

TEST_CASE("a skipped key beyond 2000 is forgotten and looks like a duplicate") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  std::vector<CiphertextMessage> messages;
  for (int i = 0; i <= 3000; ++i) messages.push_back(*encrypt(alice.record, {}));
  CHECK(bob.receive(messages.at(1500)).has_value());
  CHECK(bob.receive(messages.at(3000)).has_value());
  CHECK(bob.record.current()->receivers.at(0).skipped.size() == 2000);
  CHECK(bob.receive(messages.at(0)).error() == DecryptError::kDuplicate);
  CHECK(bob.receive(messages.at(2999)).has_value());
}

TEST_CASE("chains before the last five are forgotten") {
  Pair pair;
  const auto late = pair.alice.send("late");
  for (int turn = 0; turn < 5; ++turn) {
    CHECK(pair.bob.receive_text(pair.alice.send("a")) == "a");
    CHECK(pair.alice.receive_text(pair.bob.send("b")) == "b");
  }
  CHECK(pair.bob.record.current()->receivers.size() == 5);
  CHECK(pair.bob.receive_text(late) == "late");
  CHECK(pair.bob.receive_text(pair.alice.send("a")) == "a");
  CHECK(pair.bob.record.current()->receivers.size() == 5);
  CHECK(!pair.bob.receive(late));
}

TEST_CASE("when both begin at once, every message is read and both end on one session") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  bob.start(alice.bundle());
  const auto from_alice = alice.send("from alice");
  const auto from_bob = bob.send("from bob");
  CHECK(bob.receive_text(from_alice) == "from alice");
  CHECK(alice.receive_text(from_bob) == "from bob");
  for (int turn = 0; turn < 3; ++turn) {
    CHECK(bob.receive_text(alice.send("a")) == "a");
    CHECK(alice.receive_text(bob.send("b")) == "b");
  }
  CHECK(alice.record.base_key() == bob.record.base_key());
}

TEST_CASE("a late message of a replaced session is read, and makes it current again") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("old")) == "old");
  CHECK(alice.receive_text(bob.send("answer")) == "answer");
  const auto old_base = bob.record.base_key();
  const auto late = alice.send("late");
  alice.record = {};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("new")) == "new");
  CHECK(bob.record.base_key() != old_base);
  CHECK(bob.receive_text(late) == "late");
  CHECK(bob.record.base_key() == old_base);
  CHECK(bob.record.archived_count() == 1);
  CHECK(bob.receive_text(alice.send("new again")) == "new again");
}

TEST_CASE("a redelivered pre-key message of an archived session is a duplicate") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  const auto first = alice.send("one");
  CHECK(bob.receive_text(first) == "one");
  alice.record = {};
  alice.start(bob.bundle());
  CHECK(bob.receive_text(alice.send("two")) == "two");
  CHECK(bob.receive(first).error() == DecryptError::kDuplicate);
}

TEST_CASE(
    "a reinstalled contact is accepted, told of, and its old messages are still read without going back") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  CHECK(bob.receive(alice.send("first"))->identity_news == IdentityNews::kFirstSeen);
  CHECK(alice.receive_text(bob.send("answer")) == "answer");
  const auto late = alice.send("late");

  TestDevice reinstalled{3};
  reinstalled.start(bob.bundle());
  const Read read = bob.receive(reinstalled.send("new phone"));
  REQUIRE(read.has_value());
  CHECK(read->identity_news == IdentityNews::kChanged);
  CHECK(read->identity == reinstalled.local.keys.public_key);
  const auto new_base = bob.record.base_key();

  CHECK(bob.receive_text(late) == "late");
  CHECK(bob.receive_text(late) == "!duplicate");
  CHECK(bob.record.base_key() == new_base);
  CHECK(bob.record.can_encrypt(bob.stored_identity));
}

TEST_CASE("we do not encrypt for an identity that is no longer the stored one") {
  Pair pair;
  CHECK(pair.alice.record.can_encrypt(pair.alice.stored_identity));
  CHECK(pair.alice.record.can_encrypt(std::nullopt));
  CHECK(!pair.alice.record.can_encrypt(known::pair("somebody else").public_key));
  pair.alice.record.archive_current();
  CHECK(!pair.alice.record.can_encrypt(pair.alice.stored_identity));
}

TEST_CASE("a failed decryption draws no randomness, a turned ratchet 32 bytes") {
  class Counting final : public base::Random {
   public:
    void fill(base::MutableByteView out) override {
      drawn += out.size();
      inner.fill(out);
    }
    std::size_t drawn = 0;
    base::SeededRandom inner{4};
  };
  Pair pair;
  Counting random;
  const ReceiveContext context{.local = pair.bob.local,
                               .pre_keys = pair.bob,
                               .stored_identity = pair.bob.stored_identity,
                               .random = random};
  auto message = pair.alice.send("x");
  message.bytes.back() ^= 1;
  CHECK(!decrypt(pair.bob.record, message.kind, message.bytes, context));
  CHECK(random.drawn == 0);
  message.bytes.back() ^= 1;
  CHECK(decrypt(pair.bob.record, message.kind, message.bytes, context).has_value());
  CHECK(random.drawn == 32);
}

TEST_CASE("a one-time key with id 0 is left out, because readers take that id for none") {
  TestDevice alice{1}, bob{2};
  PreKeyBundle bundle = bob.bundle();
  bundle.pre_key->id = 0;
  alice.start(bundle);
  CHECK(bob.receive_text(alice.send("hello")) == "hello");
}

TEST_CASE("a record of nothing but unreadable states is no session") {
  Pair pair;
  SessionRecord record = *SessionRecord::parse(known::hex("1202ffff"));
  CHECK(record.archived_count() == 1);
  const auto message = pair.alice.send("x");
  CHECK(decrypt(record, message.kind, message.bytes, pair.bob.context()).error() == DecryptError::kNoSession);
}
