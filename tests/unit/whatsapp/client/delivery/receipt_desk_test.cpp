#include "whatsapp/client/delivery/receipt_desk.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;
using State = MessageStatus::State;

namespace {

Jid bobs_lid(std::uint16_t device = 0) { return lid_jid("200000000000002", device); }

std::vector<MessageStatus> states(const Party& party) {
  std::vector<MessageStatus> out;
  for (const ClientEvent& event : party.sink.happened)
    if (const auto* status = std::get_if<MessageStatus>(&event)) out.push_back(*status);
  return out;
}

Node receipt(const std::string& id, const Jid& from, const char* type = nullptr) {
  Node out = Node("receipt").with("id", std::string{id}).with("from", from).with("t", "1760000100");
  if (type != nullptr) out.set("type", type);
  return out;
}

/// Alice has sent these to Bob, and what the server said about that is forgotten.
void sent_to_bob(DeskBench& bench, std::initializer_list<const char*> ids) {
  for (const char* id : ids) REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), id, "hello"));
  bench.alice.sink.happened.clear();
  bench.alice.answers_given.clear();
}

}  // namespace

TEST_CASE("the server's ack of a message is told, and its refusal with the number") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  REQUIRE(states(bench.alice).size() == 1);
  CHECK(states(bench.alice)[0].state == State::kServerAck);
  CHECK(states(bench.alice)[0].ids == std::vector<std::string>{"ID1"});
  CHECK(states(bench.alice)[0].at == 1760000001);

  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("error", "479");
    return std::optional<Node>{plain};
  };
  CHECK_FALSE(bench.send(bench.alice, pn_jid("15550002222"), "ID2", "hello"));
  CHECK(states(bench.alice).back().state == State::kError);
  CHECK(states(bench.alice).back().error_code == 479);
}

TEST_CASE("delivered, read and played are told in order, per device and per person") {
  DeskBench bench;
  sent_to_bob(bench, {"ID1"});
  bench.give(bench.alice, receipt("ID1", bobs_lid()));
  bench.give(bench.alice, receipt("ID1", bobs_lid(3)));
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "read"));
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "played"));
  const auto told = states(bench.alice);
  REQUIRE(told.size() == 4);
  CHECK(told[0].state == State::kDelivered);
  CHECK(told[0].by == bobs_lid());
  CHECK(told[1].by == bobs_lid(3));
  CHECK(told[2].state == State::kRead);
  CHECK(told[2].at == 1760000100);
  CHECK(told[3].state == State::kPlayed);
  CHECK(bench.alice.answers_given["receipt ID1"] == 4);
}

TEST_CASE("Q1, Q2: a repeated receipt is acked each time and told once, and nothing goes backwards") {
  DeskBench bench;
  sent_to_bob(bench, {"ID1"});
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "read"));
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "read"));
  bench.give(bench.alice, receipt("ID1", bobs_lid(3), "read"));
  bench.give(bench.alice, receipt("ID1", bobs_lid(3)));
  bench.reconnect(bench.alice);  // what was told is in the store
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "read"));
  CHECK(states(bench.alice).size() == 1);
  CHECK(bench.alice.answers_given["receipt ID1"] == 5);
}

TEST_CASE("Q9: a receipt counts for its own id and all ids of its list") {
  DeskBench bench;
  sent_to_bob(bench, {"ID1", "ID2", "ID3"});
  Node list = Node("list").add(Node("item").with("id", "ID2")).add(Node("item").with("id", "ID3"));
  bench.give(bench.alice, receipt("ID1", bobs_lid(), "read").add(std::move(list)));
  REQUIRE(states(bench.alice).size() == 1);
  CHECK(states(bench.alice)[0].ids == std::vector<std::string>{"ID1", "ID2", "ID3"});
  CHECK(bench.alice.answers_given["receipt ID1"] == 1);
}

TEST_CASE("receipts for messages that are not ours, or went to somebody else, are only acked") {
  DeskBench bench;
  sent_to_bob(bench, {"ID1"});
  bench.give(bench.alice, receipt("STRANGE", bobs_lid(), "read"));
  bench.give(bench.alice, receipt("ID1", lid_jid("300000000000003"), "read"));
  CHECK(states(bench.alice).empty());
  CHECK(bench.alice.answers_given["receipt STRANGE"] == 1);
  CHECK(bench.alice.answers_given["receipt ID1"] == 1);
}

TEST_CASE("L5: a receipt under the number is about the chat that we know by its LID") {
  DeskBench bench;
  sent_to_bob(bench, {"ID1"});
  bench.give(bench.alice, receipt("ID1", pn_jid("15550002222"), "read"));
  REQUIRE(states(bench.alice).size() == 1);
  CHECK(states(bench.alice)[0].state == State::kRead);
}

TEST_CASE("what our other devices read is told as a change of the chat") {
  DeskBench bench;
  bench.give(bench.alice,
             receipt("THEIRS", lid_jid("100000000000001"), "read-self").with("recipient", bobs_lid()));
  REQUIRE(bench.alice.sink.happened.size() == 1);
  const auto* change = std::get_if<ChatChange>(&bench.alice.sink.happened[0]);
  REQUIRE(change != nullptr);
  CHECK(change->chat == bobs_lid());
  CHECK(change->read == true);
  bench.give(bench.alice,
             receipt("THEIRS", lid_jid("100000000000001"), "sender").with("recipient", bobs_lid()));
  bench.give(bench.alice, receipt("THEIRS", lid_jid("100000000000001"), "peer_msg"));
  bench.give(bench.alice, receipt("THEIRS", bobs_lid(), "something-new"));
  CHECK(bench.alice.sink.happened.size() == 1);
  CHECK(bench.alice.answers_given["receipt THEIRS"] == 4);
}

TEST_CASE("a receipt of a group for several members names each of them") {
  Self self{pn_jid("15550001111", 1), lid_jid("100000000000001", 1), "name"};
  Node people = Node("participants").with("key", "ID1");
  people.add_child(Node("user").with("jid", bobs_lid(2)).with("t", "1760000050"));
  people.add_child(Node("user").with("jid", lid_jid("300000000000003")));
  const Node stanza = receipt("ID1", *Jid::parse("1203630000@g.us"), "read").add(std::move(people));
  const auto news = read_receipt(stanza, self);
  REQUIRE(news);
  CHECK(news->chat.is_group());
  REQUIRE(news->steps.size() == 2);
  CHECK(news->steps[0].at == 1760000050);
  CHECK(news->steps[1].at == 1760000100);
}

TEST_CASE("a receipt without a usable id is refused as malformed") {
  DeskBench bench;
  bench.give(bench.alice, receipt(std::string(500, 'A'), bobs_lid()));
  const auto acks = bench.alice.sent_with_tag("ack");
  REQUIRE_FALSE(acks.empty());
  CHECK(acks.back().attr("error") == "487");
}
