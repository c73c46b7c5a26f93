#include <doctest/doctest.h>

#include <map>

#include "recorder.h"
#include "simulator/virtual_device.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;

/// How often each text arrived, per device.
std::map<std::pair<int, std::string>, int> texts_of(const Person& person) {
  std::map<std::pair<int, std::string>, int> counts;
  for (const ReceivedMessage& message : person.received()) ++counts[{message.device, message.text}];
  return counts;
}

TEST_CASE("a text reaches every device of the contact and the sender's own others, once each") {
  Desk desk;
  SimulatedContact& alice = desk.contact({{}, 2});
  SimulatedContact& bob = desk.contact({{}, 3});
  const auto id = alice.send_text(bob.pn(), "hello");
  REQUIRE(id);
  desk.settle();
  REQUIRE(bob.received().size() == 3);
  for (const ReceivedMessage& message : bob.received()) {
    CHECK(message.text == "hello");
    CHECK(message.chat == alice.pn());
    CHECK(message.direction == ReceivedMessage::Direction::kIncoming);
    CHECK(message.cipher == "pkmsg");
    CHECK(bob.deliveries(*id, message.device) == 1);
  }
  REQUIRE(alice.received().size() == 1);
  CHECK(alice.received()[0].device == 1);
  CHECK(alice.received()[0].direction == ReceivedMessage::Direction::kOwn);
  CHECK(alice.received()[0].chat == bob.pn());
  CHECK(alice.receipts_for(*id).size() == 3);
  CHECK(desk.core().state().violations.empty());
}

TEST_CASE("both forms of an address lead to the same sessions") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  REQUIRE(alice.send_text(bob.pn(), "by number"));
  desk.settle();
  REQUIRE(bob.send_text(alice.lid(), "by lid"));
  desk.settle();
  REQUIRE(alice.received().size() == 1);
  CHECK(alice.received()[0].cipher == "msg");
  CHECK(alice.received()[0].chat == bob.lid());
}

TEST_CASE("a contact that echoes answers once, from its phone") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  ContactOptions echo;
  echo.devices = 2;
  echo.reply = Reply::kEcho;
  SimulatedContact& bob = desk.contact(echo);
  REQUIRE(alice.send_text(bob.pn(), "hi"));
  desk.settle();
  REQUIRE(alice.received().size() == 1);
  CHECK(alice.received()[0].text == "echo: hi");
}

TEST_CASE("a message claimed to be unreadable is sent again and read once") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  bob.ask_retry(2);
  const auto id = alice.send_text(bob.pn(), "again please");
  desk.settle();
  CHECK(bob.deliveries(*id) == 1);
  CHECK(bob.decrypt_failures() == 2);
  CHECK(desk.core().state().counters.retry_receipts == 2);
}

TEST_CASE("damaged ciphertexts are repaired by retries") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  SUBCASE("damaged by the sender") { alice.corrupt_next(1); }
  SUBCASE("damaged on the way") { REQUIRE(desk.world.inject(bob.pn(), {.kind = Fault::Kind::kCorrupt})); }
  const auto id = alice.send_text(bob.pn(), "fragile");
  desk.settle();
  CHECK(bob.deliveries(*id) == 1);
  CHECK(bob.decrypt_failures() == 1);
}

TEST_CASE("a stanza delivered twice is decrypted once") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  REQUIRE(desk.world.inject(bob.pn(), {.kind = Fault::Kind::kDuplicate}));
  const auto id = alice.send_text(bob.pn(), "twice");
  desk.settle();
  CHECK(bob.deliveries(*id) == 1);
  CHECK(bob.duplicate_ciphertexts() == 1);
}

TEST_CASE("reordered messages all arrive") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  REQUIRE(desk.world.inject(bob.pn(), {.kind = Fault::Kind::kReorder}));
  REQUIRE(alice.send_text(bob.pn(), "first"));
  desk.settle();
  CHECK(bob.received().empty());
  REQUIRE(alice.send_text(bob.pn(), "second"));
  desk.settle();
  REQUIRE(bob.received().size() == 2);
  CHECK(bob.received()[0].text == "second");
  CHECK(bob.received()[1].text == "first");
}

TEST_CASE("messages to a contact that is offline wait for it") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  bob.go_offline();
  for (int i = 0; i < 5; ++i) REQUIRE(alice.send_text(bob.pn(), "text " + std::to_string(i)));
  desk.settle();
  CHECK(bob.received().empty());
  CHECK(bob.send_text(alice.pn(), "no").error().code == base::ErrorCode::kUnavailable);
  bob.go_online();
  desk.settle();
  REQUIRE(bob.received().size() == 5);
  CHECK(bob.received()[4].text == "text 4");
  CHECK(desk.world.status(bob.pn())->queued == 0);
}

TEST_CASE("after a new installation both sides find to each other again") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact({{}, 2});
  REQUIRE(alice.send_text(bob.pn(), "before"));
  desk.settle();
  REQUIRE(bob.send_text(alice.pn(), "reply"));
  desk.settle();
  bob.reinstall();
  desk.settle();
  CHECK(bob.device_count() == 1);
  REQUIRE(alice.send_text(bob.pn(), "after"));
  REQUIRE(bob.send_text(alice.pn(), "new keys"));
  desk.settle();
  CHECK(bob.received().back().text == "after");
  CHECK(alice.received().back().text == "new keys");
  CHECK(desk.core().state().violations.empty());
}

TEST_CASE("a long conversation uses up pre-keys of nobody twice and loses nothing") {
  Desk desk;
  SimulatedContact& alice = desk.contact({{}, 2});
  std::vector<SimulatedContact*> others;
  for (int i = 0; i < 40; ++i) others.push_back(&desk.contact());
  for (SimulatedContact* contact : others) REQUIRE(contact->send_text(alice.pn(), contact->id()));
  desk.settle();
  const auto texts = texts_of(alice);
  CHECK(texts.size() == 80);
  CHECK(std::ranges::all_of(texts, [](const auto& entry) { return entry.second == 1; }));
  CHECK(alice.decrypt_failures() == 0);
}

TEST_CASE("a group text reaches all members, the second without keys") {
  Desk desk;
  SimulatedContact& alice = desk.contact({{}, 2});
  SimulatedContact& bob = desk.contact({{}, 2});
  SimulatedContact& carol = desk.contact();
  const auto group = desk.world.create_group("team", Addressing::kLid, {alice.pn(), bob.pn(), carol.lid()});
  REQUIRE(group);
  REQUIRE(alice.send_text(group->to_string(), "first"));
  desk.settle();
  REQUIRE(alice.send_text(group->to_string(), "second"));
  desk.settle();
  CHECK(texts_of(bob).size() == 4);
  CHECK(texts_of(carol).size() == 2);
  CHECK(texts_of(alice).size() == 2);  // the other device of the sender
  CHECK(carol.received()[0].chat == group->to_string());
  CHECK(desk.core().state().violations.empty());
}

TEST_CASE("a group message that could not be read is sent again with the sender key") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  const auto group = desk.world.create_group("team", Addressing::kPn, {alice.pn(), bob.pn()});
  bob.ask_retry(1);
  const auto id = alice.send_text(group->to_string(), "lost");
  desk.settle();
  CHECK(bob.deliveries(*id) == 1);
  REQUIRE(alice.send_text(group->to_string(), "next"));
  desk.settle();
  CHECK(bob.received().back().text == "next");
}

TEST_CASE("read receipts come when the contact reads") {
  Desk desk;
  SimulatedContact& alice = desk.contact();
  SimulatedContact& bob = desk.contact();
  const auto id = alice.send_text(bob.pn(), "seen?");
  desk.settle();
  CHECK(alice.receipts_for(*id) == std::vector<std::string>{""});
  bob.read_chat(alice.pn());
  desk.settle();
  CHECK(alice.receipts_for(*id) == std::vector<std::string>{"", "read"});
}

TEST_CASE("the same seed makes the same keys and ids") {
  const auto run = [](std::uint64_t seed) {
    Settings settings;
    settings.seed = seed;
    Desk desk(settings);
    SimulatedContact& alice = desk.contact();
    SimulatedContact& bob = desk.contact();
    const std::string id = *alice.send_text(bob.pn(), "x");
    desk.settle();
    return std::pair{alice.account().identity.public_key, id};
  };
  CHECK(run(5) == run(5));
  CHECK(run(5).first != run(6).first);
}

TEST_CASE("a number can be taken once") {
  Desk desk;
  REQUIRE(desk.world.create_contact({{.number = "+55 (11) 98888-7777"}}));
  CHECK(desk.world.create_phone({.number = "5511988887777"}).error().code == base::ErrorCode::kConflict);
  CHECK(desk.world.create_phone({.number = "12"}).error().code == base::ErrorCode::kInvalidArgument);
  CHECK(desk.core().directory().by_number("551188887777") != nullptr);
  CHECK(other_ninth_digit_form("5511988887777") == "551188887777");
  CHECK(other_ninth_digit_form("4911988887777").empty());
}

}  // namespace
}  // namespace simulator
