#include "whatsapp/client/delivery/new_contact_gate.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

Jid bobs_number() { return pn_jid("15550002222"); }

void answer_all_with(DeskBench& bench, int code) {
  bench.server.on_ack = [code](const Node&, Node plain) {
    if (code != 0) plain.set("error", std::to_string(code));
    return std::optional<Node>{plain};
  };
}

Node mex(const std::string& json) {
  return Node("notification")
      .with("id", "MEX")
      .with("type", "mex")
      .with("from", Jid::service())
      .add(Node("update").text(json));
}

std::string lock_json(bool active, UnixSeconds until) {
  return R"({"data":{"xwa2_notify_account_reachout_timelock":{"is_active":)" +
         std::string{active ? "true" : "false"} + R"(,"time_enforcement_ends":")" + std::to_string(until) +
         R"(","enforcement_type":"BIZ_QUALITY"}}})";
}

std::vector<AccountChange> account_changes(const Party& party) {
  std::vector<AccountChange> out;
  for (const ClientEvent& event : party.sink.happened)
    if (const auto* change = std::get_if<AccountChange>(&event)) out.push_back(*change);
  return out;
}

}  // namespace

TEST_CASE("B1: a 463 is never sent again, the token is issued once, and the next try does not leave") {
  DeskBench bench;
  int issued = 0;
  bench.server.on_query = [&issued](const Node& iq) -> std::optional<Node> {
    if (iq.child("tokens") == nullptr) return std::nullopt;
    ++issued;
    return Node("iq").with("type", "result");
  };
  answer_all_with(bench, 463);
  const auto first = bench.send(bench.alice, bobs_number(), "ID1", "hello");
  REQUIRE_FALSE(first);
  CHECK(first.error().code == base::ErrorCode::kRejected);
  CHECK(first.error().detail == 463);
  CHECK(bench.alice.written.size() == 1);
  CHECK(issued == 1);

  bench.reconnect(bench.alice);  // the store remembers
  const auto second = bench.send(bench.alice, bobs_number(), "ID2", "hello");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == base::ErrorCode::kUnavailable);
  CHECK(second.error().detail == 463);
  CHECK(bench.alice.written.size() == 1);
  CHECK(issued == 1);

  bench.clock.advance(std::chrono::hours{25});
  answer_all_with(bench, 0);
  CHECK(bench.send(bench.alice, bobs_number(), "ID3", "hello"));
}

TEST_CASE("B1: who writes to us may always be answered, whatever was refused before") {
  DeskBench bench;
  answer_all_with(bench, 463);
  CHECK_FALSE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  answer_all_with(bench, 0);
  REQUIRE(bench.send(bench.bob, lid_jid("100000000000001"), "ID2", "who is there?"));
  CHECK(bench.send(bench.alice, bobs_number(), "ID3", "it is me"));
}

TEST_CASE("B5: the reach-out lock stops first messages only, is told, survives a restart, and ends") {
  DeskBench bench;
  const UnixSeconds until = bench.clock.unix_seconds() + 7200;
  bench.give(bench.alice, mex(lock_json(true, until)));
  CHECK(bench.alice.answers_given["notification MEX"] == 1);
  REQUIRE(account_changes(bench.alice).size() == 1);
  CHECK(account_changes(bench.alice)[0].what == "reachout_timelock");
  CHECK(account_changes(bench.alice)[0].until == until);

  bench.reconnect(bench.alice);
  const auto refused = bench.send(bench.alice, bobs_number(), "ID1", "hello");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == 463);
  CHECK(bench.alice.written.empty());

  bench.clock.advance(std::chrono::hours{3});
  CHECK(bench.send(bench.alice, bobs_number(), "ID2", "hello"));
}

TEST_CASE("B5: a lock that is lifted is told with no end, and one without an end lasts a minute") {
  DeskBench bench;
  bench.give(bench.alice, mex(lock_json(true, 0)));
  CHECK(account_changes(bench.alice).back().until == bench.clock.unix_seconds() + 60);
  bench.give(bench.alice, mex(lock_json(false, 0)));
  CHECK_FALSE(account_changes(bench.alice).back().until);
  CHECK(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  bench.give(bench.alice, mex("not json"));
  bench.give(bench.alice, mex(R"({"data":{"xwa2_notify_account_reachout_timelock":17}})"));
  CHECK(bench.alice.answers_given["notification MEX"] == 4);
}

TEST_CASE("B5: capping slows down or stops, and a cycle's end lifts it") {
  const UnixSeconds now = 1'760'000'000;
  const auto cap = [](const char* status, UnixSeconds ends) {
    return mex(R"({"data":{"xwa2_notify_new_chat_messages_capping_info_update":{"capping_status":")" +
               std::string{status} + R"(","cycle_end_timestamp":)" + std::to_string(ends) + "}}}");
  };
  Restrictions state = after({}, read_restriction_news(cap("FIRST_WARNING", now + 100), now), now);
  CHECK(state.warning == Restrictions::Warning::kSlowDown);
  CHECK_FALSE(state.until(now));
  state = after(state, read_restriction_news(cap("CAPPED", now + 100), now), now);
  CHECK(state.until(now) == now + 100);
  CHECK_FALSE(state.until(now + 100));
  CHECK(restrictions_from_bytes(to_bytes(state)) == state);
  state = after(state, read_restriction_news(cap("NONE", 0), now), now);
  CHECK(state == Restrictions{});
}

TEST_CASE("B4: three strangers refused within ten minutes close the gate for an hour") {
  DeskBench bench;
  Party carol{bench.server, bench.executor, "15550003333", "300000000000003", 0, 14};
  Party dave{bench.server, bench.executor, "15550004444", "400000000000004", 0, 15};
  Party erin{bench.server, bench.executor, "15550005555", "500000000000005", 0, 16};
  for (Party* party : {&carol, &dave, &erin}) {
    party->devices = {0};
    party->connect();
    party->desk->offline_finished();
  }
  answer_all_with(bench, 463);
  CHECK_FALSE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK_FALSE(bench.send(bench.alice, carol.pn(), "ID2", "hello"));
  CHECK(account_changes(bench.alice).empty());
  CHECK_FALSE(bench.send(bench.alice, dave.pn(), "ID3", "hello"));
  REQUIRE(account_changes(bench.alice).size() == 1);
  CHECK(account_changes(bench.alice)[0].until == bench.clock.unix_seconds() + 3600);

  answer_all_with(bench, 0);
  CHECK_FALSE(bench.send(bench.alice, erin.pn(), "ID4", "hello"));
  CHECK(bench.alice.written.size() == 3);
  bench.clock.advance(std::chrono::minutes{61});
  CHECK(bench.send(bench.alice, erin.pn(), "ID5", "hello"));
  for (Party* party : {&carol, &dave, &erin}) bench.leave(*party);
}
