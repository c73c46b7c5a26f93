#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/whatsapp/signal/test_device.h"

using namespace whatsapp::signal;

namespace {

/// A direction of a bad network: messages wait, arrive in any order, twice, or never.
class Wire {
 public:
  Wire(TestDevice& from, TestDevice& to, std::string name) : from_(from), to_(to), name_(std::move(name)) {}

  void send() {
    const std::string text = name_ + std::to_string(sent_++);
    waiting_.push_back({text, from_.send(text)});
  }

  void deliver(base::Random& random) {
    if (waiting_.empty()) return;
    const std::size_t at = random.below(std::min<std::size_t>(waiting_.size(), 20));
    const auto [text, message] = waiting_[at];
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    if (random.below(20) == 0) return;  // lost
    REQUIRE(to_.receive_text(message) == text);
    if (random.below(10) == 0) REQUIRE(to_.receive_text(message) == "!duplicate");
  }

  void deliver_all(base::Random& random) {
    while (!waiting_.empty()) deliver(random);
  }

 private:
  struct Sent {
    std::string text;
    CiphertextMessage message;
  };
  TestDevice& from_;
  TestDevice& to_;
  std::string name_;
  std::vector<Sent> waiting_;
  int sent_ = 0;
};

void check_bounds(const SessionRecord& record) {
  CHECK(record.archived_count() <= kMaxArchivedStates);
  if (!record.current()) return;
  CHECK(record.current()->receivers.size() <= kMaxReceiverChains);
  for (const ReceiverChain& chain : record.current()->receivers)
    CHECK(chain.skipped.size() <= kMaxSkippedKeys);
}

}  // namespace

TEST_CASE(
    "ten thousand messages over a bad network: each first delivery is read, each second is a duplicate") {
  TestDevice alice{1}, bob{2};
  alice.start(bob.bundle());
  base::SeededRandom random{3};
  Wire there{alice, bob, "a"}, back{bob, alice, "b"};
  there.send();
  CHECK(bob.receive_text(alice.send("first")) == "first");

  // The directions take turns in runs, so that a chain is not more than five turns old when it arrives.
  for (int i = 0; i < 5000; ++i) {
    Wire& turn = (i / 40) % 2 == 0 ? there : back;
    turn.send();
    turn.deliver(random);
    turn.send();
    if (random.below(4) == 0) turn.deliver(random);
    if (i % 40 == 39) {
      turn.deliver_all(random);
      check_bounds(alice.record);
      check_bounds(bob.record);
    }
  }
}

TEST_CASE("both begin at once, fifty times, in random interleavings: all is read and both converge") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    TestDevice alice{100 + seed}, bob{200 + seed};
    base::SeededRandom random{seed};
    alice.start(bob.bundle());
    bob.start(alice.bundle());
    std::vector<CiphertextMessage> to_bob, to_alice;
    for (int i = 0; i < 12; ++i) {
      switch (random.below(4)) {
        case 0:
          to_bob.push_back(alice.send("a"));
          break;
        case 1:
          to_alice.push_back(bob.send("b"));
          break;
        case 2:
          for (const auto& message : to_bob) REQUIRE(bob.receive_text(message) == "a");
          to_bob.clear();
          break;
        default:
          for (const auto& message : to_alice) REQUIRE(alice.receive_text(message) == "b");
          to_alice.clear();
      }
    }
    for (const auto& message : to_bob) REQUIRE(bob.receive_text(message) == "a");
    for (const auto& message : to_alice) REQUIRE(alice.receive_text(message) == "b");
    for (int turn = 0; turn < 3; ++turn) {
      REQUIRE(bob.receive_text(alice.send("a")) == "a");
      REQUIRE(alice.receive_text(bob.send("b")) == "b");
    }
    CHECK(alice.record.base_key() == bob.record.base_key());
  }
}

TEST_CASE("a hostile message against forty-one states is refused and leaves them all") {
  TestDevice alice{1}, bob{2};
  for (int i = 0; i < 45; ++i) {
    alice.record = {};
    alice.start(bob.bundle_without_one_time_key());
    REQUIRE(bob.receive_text(alice.send("x")) == "x");
  }
  CHECK(bob.record.archived_count() == kMaxArchivedStates);
  TestDevice stranger{3}, other{4};
  stranger.start(other.bundle());
  REQUIRE(other.receive_text(stranger.send("x")) == "x");
  CHECK(bob.receive(other.send("not for bob")).error() == DecryptError::kBadMac);
}
