#include "whatsapp/client/presence/presence.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/client/push_name.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;

namespace {

Presence& presence_of(Party& party) { return party.desk->presence(); }

std::vector<std::string> states(const Party& party) {
  std::vector<std::string> out;
  for (const Node& node : party.sent_with_tag("chatstate")) {
    const Node& sign = node.children().front();
    out.push_back(sign.tag() + (sign.has_attr("media") ? "+" : ""));
  }
  return out;
}

}  // namespace

TEST_CASE("C16: presence and subscriptions are made again after a reconnect") {
  DeskBench bench;
  bench.alice.desk->opened();
  REQUIRE(bench.alice.sent_with_tag("presence").size() == 1);
  CHECK(bench.alice.sent_with_tag("presence")[0].attr("type") == "unavailable");
  REQUIRE(bench.run(presence_of(bench.alice).subscribe(bench.bob.lid())));
  auto sent = bench.alice.sent_with_tag("presence");
  REQUIRE(sent.size() == 3);
  CHECK(sent[1].attr("type") == "available");
  CHECK(sent[2].attr("type") == "subscribe");
  CHECK(sent[2].attr("to") == "200000000000002@lid");

  bench.alice.sent.clear();
  bench.reconnect(bench.alice);
  bench.alice.desk->opened();
  bench.pass(1s);
  sent = bench.alice.sent_with_tag("presence");
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].attr("type") == "available");
  CHECK(sent[1].attr("type") == "subscribe");

  REQUIRE(presence_of(bench.alice).unsubscribe(bench.bob.lid()));
  CHECK(bench.alice.sent_with_tag("presence").back().attr("type") == "unavailable");
}

TEST_CASE("B6: no name of ours begins with an at sign, and presence never says who it is from") {
  CHECK(presentable_push_name("@shop") == "shop");
  CHECK(presentable_push_name("@@").empty());
  CHECK(presentable_push_name(std::string(300, 'x')).size() == 256);
  DeskBench bench;
  bench.alice.desk->opened();
  for (const Node& node : bench.alice.sent_with_tag("presence")) CHECK_FALSE(node.has_attr("from"));
}

TEST_CASE("typing is shown for as long as it takes, refreshed, and always ends") {
  DeskBench bench;
  bench.alice.desk->opened();
  std::optional<base::Result<void>> done;
  auto type = [](DeskBench& desk, std::optional<base::Result<void>>& out) -> runtime::Task<void> {
    out = co_await presence_of(desk.alice).simulate_typing(desk.bob.lid(), Typing::kText, 12s);
  };
  bench.scope.spawn(type(bench, done));
  bench.settle();
  CHECK(bench.alice.sent_with_tag("presence").back().attr("type") == "available");
  bench.pass(11s);
  CHECK_FALSE(done.has_value());
  bench.pass(2s);
  REQUIRE(done.has_value());
  CHECK(*done);
  CHECK(states(bench.alice) == std::vector<std::string>{"composing", "composing", "paused"});
  CHECK(bench.alice.sent_with_tag("presence").back().attr("type") == "unavailable");

  // The caller changes his mind.
  runtime::TaskScope hasty(bench.loop);
  done.reset();
  hasty.spawn(type(bench, done));
  bench.pass(1s);
  hasty.cancel();
  bench.settle();
  REQUIRE(done.has_value());
  CHECK_FALSE(*done);
  CHECK(states(bench.alice).back() == "paused");
}

TEST_CASE("the time for a text grows with it, within bounds") {
  base::SeededRandom random{1};
  for (int i = 0; i < 50; ++i) {
    CHECK(typing_time(0, random) >= 800ms);
    CHECK(typing_time(5'000'000, random) <= 18s);
  }
  CHECK(typing_time(100, random) > typing_time(10, random));
}

TEST_CASE("repeated signs are dropped, and channels get none") {
  DeskBench bench;
  Presence& presence = presence_of(bench.alice);
  const Jid bob = bench.bob.lid().bare();
  REQUIRE(presence.send_chat_state(bob, ChatState::kComposing));
  REQUIRE(presence.send_chat_state(bob, ChatState::kComposing));
  REQUIRE(presence.send_chat_state(bob, ChatState::kRecording));
  REQUIRE(presence.send_chat_state(bob, ChatState::kPaused));
  CHECK(states(bench.alice) == std::vector<std::string>{"composing", "paused"});
  bench.pass(4s);
  REQUIRE(presence.send_chat_state(bob, ChatState::kRecording));
  CHECK(states(bench.alice).back() == "composing+");
  CHECK_FALSE(presence.send_chat_state(*Jid::parse("1@newsletter"), ChatState::kComposing));
  CHECK_FALSE(presence.send_chat_state(Jid::status(), ChatState::kComposing));
}

TEST_CASE("what others do is told and never answered") {
  DeskBench bench;
  const Jid bob = bench.bob.lid().bare();
  bench.give(bench.alice,
             Node("presence").with("from", bob).with("type", "unavailable").with("last", "1700000000"));
  bench.give(bench.alice, Node("presence").with("from", bob).with("last", "deny"));
  bench.give(bench.alice, Node("chatstate")
                              .with("from", *Jid::parse("1-2@g.us"))
                              .with("participant", bob)
                              .add(Node("composing").with("media", "audio")));
  bench.give(bench.alice, Node("chatstate").with("from", bench.alice.lid()).add(Node("paused")));
  const auto told = bench.alice.sink.told_of<PresenceChange>();
  REQUIRE(told.size() == 3);
  CHECK(told[0].state == PresenceChange::State::kUnavailable);
  CHECK(told[0].last_seen == 1'700'000'000);
  CHECK(told[1].state == PresenceChange::State::kAvailable);
  CHECK(told[2].state == PresenceChange::State::kRecording);
  CHECK(told[2].who == bob);
  CHECK(bench.alice.sent_with_tag("ack").empty());
}
