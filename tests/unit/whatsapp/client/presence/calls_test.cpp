#include "whatsapp/client/presence/calls.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;
using State = CallChange::State;

namespace {

Node call(const Party& from, const char* id, Node event, std::int64_t t = 1'760'000'000) {
  event.set("call-id", "CALL");
  event.set("call-creator", from.lid());
  event.set("caller_pn", from.pn().bare());
  return Node("call").with("id", id).with("from", from.lid().bare()).with("t", t).add(std::move(event));
}

std::vector<State> told(const Party& party) {
  std::vector<State> out;
  for (const CallChange& change : party.sink.told_of<CallChange>()) out.push_back(change.state);
  return out;
}

}  // namespace

TEST_CASE("V7: a call is told once, under the caller's number, however often its offer comes") {
  DeskBench bench;
  bench.give(bench.alice, call(bench.bob, "1", Node("offer").add(Node("video"))));
  bench.give(bench.alice, call(bench.bob, "2", Node("offer").add(Node("video"))));
  bench.give(bench.alice, call(bench.bob, "3", Node("relaylatency")));
  bench.give(bench.alice, call(bench.bob, "4", Node("terminate").with("reason", "timeout")));
  bench.give(bench.alice, call(bench.bob, "5", Node("terminate")));
  CHECK(told(bench.alice) == std::vector<State>{State::kOffered, State::kMissed});
  const auto changes = bench.alice.sink.told_of<CallChange>();
  CHECK(changes[0].from.to_string() == "15550002222@s.whatsapp.net");
  CHECK(changes[1].kind == CallChange::Kind::kVideo);
  const auto acks = bench.alice.sent_with_tag("ack");
  REQUIRE(acks.size() == 5);
  CHECK(acks[0].attr("class") == "call");
  CHECK(acks[0].attr("type") == "offer");
  CHECK(acks[2].attr("type") == "relaylatency");
}

TEST_CASE("a call that somebody takes is not missed; an old offer is") {
  DeskBench bench;
  bench.give(bench.alice, call(bench.bob, "1", Node("offer")));
  bench.give(bench.alice, call(bench.bob, "2", Node("accept")));
  bench.give(bench.alice, call(bench.bob, "3", Node("terminate")));
  CHECK(told(bench.alice) == std::vector<State>{State::kOffered, State::kAccepted, State::kTerminated});
  DeskBench later;
  later.give(later.alice, call(later.bob, "1", Node("offer"), 1'759'999'000));
  CHECK(told(later.alice) == std::vector<State>{State::kMissed});
}

TEST_CASE("calls are turned down when the account wants that, in the form in which the caller called") {
  MessageDeskSettings settings;
  settings.manners.reject_calls = IncomingCalls::kReject;
  DeskBench bench(settings);
  bench.give(bench.alice, call(bench.bob, "1", Node("offer")));
  bench.give(bench.alice, call(bench.bob, "2", Node("offer")));
  const auto calls = bench.alice.sent_with_tag("call");
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].attr("to") == "200000000000002@lid");
  CHECK(calls[0].attr("from") == "100000000000001@lid");
  const Node* reject = calls[0].child("reject");
  REQUIRE(reject != nullptr);
  CHECK(reject->attr("call-id") == "CALL");
  CHECK(reject->attr("call-creator") == "200000000000002@lid");
  CHECK(reject->attr("count") == "0");
  CHECK(told(bench.alice) == std::vector<State>{State::kOffered, State::kRejected});
}

TEST_CASE("by hand, too; and a malformed call is only acked") {
  DeskBench bench;
  bench.give(bench.alice, Node("call").with("id", "9").with("from", bench.bob.lid()));
  CHECK(bench.alice.sent_with_tag("ack").size() == 1);
  CHECK(bench.alice.sent_with_tag("call").empty());
  bench.give(bench.alice, call(bench.bob, "1", Node("offer")));
  REQUIRE(bench.alice.desk->calls().reject("CALL", bench.bob.pn()));
  CHECK(bench.alice.sent_with_tag("call").at(0).attr("to") == "200000000000002@lid");
  CHECK_FALSE(bench.alice.desk->calls().reject("", bench.bob.pn()));
}
