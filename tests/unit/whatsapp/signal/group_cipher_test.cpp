#include "whatsapp/signal/group_cipher.h"

#include <doctest/doctest.h>

#include <vector>

#include "crypto/hash.h"
#include "proto/signal.pb.h"
#include "unit/whatsapp/signal/known_keys.h"
#include "unit/whatsapp/signal/test_device.h"
#include "vector_check/replay_random.h"
#include "whatsapp/signal/wire_message.h"

using namespace whatsapp::signal;
using base::Bytes;

namespace {

struct Group {
  base::SeededRandom random;
  SenderKeyRecord sender;
  SenderKeyRecord receiver;

  explicit Group(std::uint64_t seed = 1) : random(seed) {
    create_sender_key(sender, random);
    distribute();
  }

  void distribute() { REQUIRE(process_distribution(receiver, *distribution_message(sender)).has_value()); }

  Bytes send(std::string_view text) { return group_encrypt(sender, base::as_bytes(text), random).value(); }

  std::string receive(const Bytes& wire) {
    const Bytes before = receiver.serialize();
    const auto read = group_decrypt(receiver, wire);
    if (!read) {
      CHECK(receiver.serialize() == before);
      return "!" + std::string{to_string(read.error())};
    }
    receiver = SenderKeyRecord::parse(receiver.serialize()).value();
    return base::to_string(*read);
  }
};

SenderKeyRecord known_sender() {
  SenderKeyState state;
  state.id = 12345;
  state.chain.key = base::Secret<32>{crypto::sha256(base::as_bytes("sender chain"))};
  const auto signing = known::pair("sender signing");
  state.signing_key = signing.public_key;
  state.signing_private = signing.private_key;
  return SenderKeyRecord{{state}};
}

}  // namespace

TEST_CASE("the known sender key gives the known distribution and the known message, signature included") {
  SenderKeyRecord record = known_sender();
  CHECK(base::to_hex(distribution_message(record).value()) ==
        "3308b96010001a20c8fe87e0aa2b73d725ac960c5e4084866db9c03190230889012fb4f307e6ef98222105f63082ff275b20"
        "2ccc8682"
        "efc20841723786ab982814c81fa899c4174f041e51");
  vector_check::ReplayRandom random;
  random.give(known::nonce());
  CHECK(base::to_hex(group_encrypt(record, base::as_bytes("hello group"), random).value()) ==
        "3308b96010001a1092d5dfcdd61351e304d98e870483c806"
        "0e93f2df225f616dfeefedf1f298a5f2cec77fecb2e60626db6d6b10bb633fcc122cbbca76356401fbe6c9f04ac848e8fa32"
        "ba0708"
        "900060fa093638fc75ed86");
  CHECK(record.own()->chain.index == 1);
  CHECK(base::to_hex(record.own()->chain.key.view()) ==
        "484bc623f26ef6d6537616d66a5621a67da8de849b38e128a64d45239dc023c4");
}

TEST_CASE("group messages are read in any order, each once") {
  Group group;
  std::vector<Bytes> wires;
  for (int i = 0; i < 30; ++i) wires.push_back(group.send(std::to_string(i)));
  for (int i : {29, 0, 7, 3, 28, 1}) {
    CHECK(group.receive(wires.at(static_cast<std::size_t>(i))) == std::to_string(i));
  }
  CHECK(group.receive(wires.at(29)) == "!duplicate");
  CHECK(group.receive(wires.at(7)) == "!duplicate");
  CHECK(group.receive(wires.at(2)) == "2");
}

TEST_CASE("an old message below every kept key is asked for again instead of taken for a duplicate") {
  Group group;
  const Bytes first = group.send("0");
  group.send("1");
  const Bytes third = group.send("2");
  CHECK(group.receive(first) == "0");
  CHECK(group.receive(third) == "2");
  CHECK(group.receive(first) == "!no_sender_key");  // 1 is the lowest that is kept
}

TEST_CASE("a message from before the key was handed over has no sender key") {
  Group group;
  group.receiver = {};
  const Bytes early = group.send("early");
  group.distribute();
  CHECK(group.receive(early) == "!no_sender_key");
  CHECK(group.receive(group.send("now")) == "now");
  CHECK(group.receive(early) == "!no_sender_key");
}

TEST_CASE("senders that skip every second iteration are read, and at most 2000 keys are kept") {
  Group group;
  for (int i = 0; i < 2100; ++i) {
    REQUIRE(group_decrypt(group.receiver, group.send("x")).has_value());
    SenderKeyState& state = *group.sender.mutable_own();
    state.chain = {state.chain.index + 1, next_chain_key(state.chain.key)};
  }
  CHECK(group.receiver.states().at(0).skipped.size() == kMaxSkippedKeys);
  CHECK(group.receiver.states().at(0).skipped.lowest_index() == 2 * 99 + 1);
}

TEST_CASE("a jump of 24 999 is followed, one of 25 000 is not") {
  for (std::uint32_t jump : {kMaxSenderKeyJump - 1, kMaxSenderKeyJump}) {
    Group group;
    SenderKeyState& state = *group.sender.mutable_own();
    while (state.chain.index < jump) state.chain = {state.chain.index + 1, next_chain_key(state.chain.key)};
    CHECK(group.receive(group.send("far")) == (jump < kMaxSenderKeyJump ? "far" : "!too_far_ahead"));
  }
}

TEST_CASE("a message with any byte spoiled is refused and changes nothing") {
  Group group;
  const Bytes wire = group.send("hello");
  for (std::size_t i = 0; i < wire.size(); ++i)
    for (std::uint8_t flip : {0x01, 0x10, 0x80}) {
      Bytes spoiled = wire;
      spoiled[i] ^= flip;
      CHECK(group.receive(spoiled).starts_with("!"));
    }
  for (std::size_t size = 0; size < wire.size(); ++size)
    CHECK(group.receive(Bytes(wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size)))
              .starts_with("!"));
  CHECK(group.receive(wire) == "hello");
}

TEST_CASE("only the owner of the key signs for it") {
  Group group, mallory{2};
  SenderKeyState stolen = *group.sender.own();  // any member knows the chain, not the signing key
  stolen.signing_private = mallory.sender.own()->signing_private;
  SenderKeyRecord forger{{stolen}};
  const Bytes forged = group_encrypt(forger, base::as_bytes("forged"), mallory.random).value();
  CHECK(group.receive(forged) == "!invalid_signature");
  CHECK(group.receive(group.send("real")) == "real");
}

TEST_CASE("a message of an unknown key, or without any key, has no sender key") {
  Group group, other{2};
  CHECK(group.receive(other.send("x")) == "!no_sender_key");
  group.receiver = {};
  CHECK(group.receive(group.send("x")) == "!no_sender_key");
}

TEST_CASE("only who has a key of its own sends and hands out") {
  Group group;
  CHECK(group_encrypt(group.receiver, {}, group.random).error().code == base::ErrorCode::kNotFound);
  CHECK(distribution_message(group.receiver).error().code == base::ErrorCode::kNotFound);
  CHECK(distribution_message(SenderKeyRecord{}).error().code == base::ErrorCode::kNotFound);
  group.sender.mutable_own()->chain.index = 0xFFFFFFFF;
  CHECK(group_encrypt(group.sender, {}, group.random).error().code == base::ErrorCode::kLimit);
}

TEST_CASE("a key handed out again keeps the chain that is here, with its skipped keys") {
  Group group;
  const Bytes first = group.send("0");
  const Bytes second = group.send("1");
  CHECK(group.receive(second) == "1");
  group.distribute();  // now at iteration 2
  CHECK(group.receiver.states().size() == 1);
  CHECK(group.receive(first) == "0");
  group.send("2");
  group.send("3");
  group.distribute();  // ahead of the chain that is here
  CHECK(group.receive(group.send("4")) == "4");
  CHECK(group.receiver.states().at(0).skipped.size() == 2);
}

TEST_CASE("a key handed out again from too far ahead to be reached replaces the one that is here") {
  Group group;
  SenderKeyState& state = *group.sender.mutable_own();
  while (state.chain.index < kMaxSenderKeyJump)
    state.chain = {state.chain.index + 1, next_chain_key(state.chain.key)};
  group.distribute();
  CHECK(group.receive(group.send("far")) == "far");
}

TEST_CASE("the same id with another signing key replaces the old key") {
  Group group, other{2};
  SenderKeyState same_id = *other.sender.own();
  same_id.id = group.sender.own()->id;
  SenderKeyRecord imposter{{same_id}};
  REQUIRE(process_distribution(group.receiver, *distribution_message(imposter)).has_value());
  CHECK(group.receiver.states().size() == 1);
  CHECK(group.receive(group.send("x")) == "!invalid_signature");
}

TEST_CASE(
    "the last five keys of a sender are kept, newest first, and a late message of an older one is read") {
  Group group;
  std::vector<Bytes> wires{group.send("0")};
  for (int i = 1; i < 6; ++i) {
    create_sender_key(group.sender, group.random);
    group.distribute();
    wires.push_back(group.send(std::to_string(i)));
  }
  CHECK(group.receiver.states().size() == kMaxSenderKeyStates);
  CHECK(group.receive(wires.at(0)) == "!no_sender_key");
  for (std::size_t i = 1; i < wires.size(); ++i) CHECK(group.receive(wires[i]) == std::to_string(i));
}

TEST_CASE("a distribution out of form is refused") {
  Group group;
  const Bytes good = *distribution_message(group.sender);
  whatsapp::proto::SenderKeyDistribution fields;
  REQUIRE(fields.ParseFromArray(good.data() + 1, static_cast<int>(good.size() - 1)));
  SenderKeyRecord record;
  const auto process = [&](const whatsapp::proto::SenderKeyDistribution& edited) {
    return process_distribution(record,
                                base::concat(Bytes{0x33}, base::as_bytes(edited.SerializeAsString())));
  };
  auto bad = fields;
  bad.clear_id();
  CHECK(process(bad).error() == DecryptError::kInvalidMessage);
  bad = fields;
  bad.clear_iteration();
  CHECK(process(bad).error() == DecryptError::kInvalidMessage);
  bad = fields;
  bad.mutable_chain_key()->pop_back();
  CHECK(process(bad).error() == DecryptError::kInvalidMessage);
  bad = fields;
  bad.clear_signing_key();
  CHECK(process(bad).error() == DecryptError::kInvalidMessage);
  bad = fields;
  (*bad.mutable_signing_key())[0] = 6;
  CHECK(process(bad).error() == DecryptError::kInvalidKey);
  Bytes version = good;
  version[0] = 0x22;
  CHECK(process_distribution(record, version).error() == DecryptError::kInvalidMessage);
  CHECK(process_distribution(record, {}).error() == DecryptError::kInvalidMessage);
  CHECK(record.empty());

  auto bare = fields;  // as some old clients write it
  bare.mutable_signing_key()->erase(0, 1);
  CHECK(process(bare).has_value());
  CHECK(group_decrypt(record, group.send("x")).has_value());
}
