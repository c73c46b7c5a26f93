#include "whatsapp/client/delivery/placeholder_desk.h"

#include <doctest/doctest.h>

#include "proto/history.pb.h"
#include "proto/peer_data.pb.h"
#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;

namespace {

Jid alices_lid() { return lid_jid("100000000000001"); }
Jid bobs_lid(std::uint16_t device = 0) { return lid_jid("200000000000002", device); }

base::Bytes bytes_of(const google::protobuf::MessageLite& message) {
  return base::to_bytes(message.SerializeAsString());
}

/// Alice's companion gets only damage from Bob, and Bob never hears of it.
void cut_off(DeskBench& bench) {
  bench.server.on_delivery = [&bench](Party& to, Node& stanza) {
    if (&to == &bench.bob && stanza.tag() == "receipt") return false;
    const auto from = stanza.jid("from");
    if (&to == &bench.alice && stanza.tag() == "message" && from && from->user() == bobs_lid().user())
      stanza = corrupted(stanza);
    return true;
  };
}

std::vector<Node> questions(const Party& party) {
  std::vector<Node> out;
  for (const Node& message : party.sent_with_tag("message"))
    if (message.attr_is("category", "peer")) out.push_back(message);
  return out;
}

/// The phone's answer: `body` as what Bob wrote under `id`.
void answer(DeskBench& bench, const std::string& id, const std::string& body,
            const std::string& chat = "200000000000002@lid") {
  static int serial = 0;
  proto::WebMessageInfo info;
  info.mutable_key()->set_remote_jid(chat);
  info.mutable_key()->set_from_me(false);
  info.mutable_key()->set_id(id);
  proto::Message content;
  content.set_conversation(body);
  info.add_message(content.SerializeAsString());
  proto::PeerDataOperationRequestResponseMessage response;
  response.set_peer_data_operation_request_type(4);
  response.add_peer_data_operation_result()
      ->mutable_placeholder_message_resend_response()
      ->set_web_message_info_bytes(info.SerializeAsString());
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE);
  protocol.set_peer_data_operation_request_response_message(response.SerializeAsString());
  OutgoingMessage out;
  out.to = pn_jid("15550001111");
  out.id = "ANSWER" + std::to_string(++serial);
  out.content = message::OutgoingRaw{bytes_of(message)};
  REQUIRE(bench.run(bench.alice_phone.desk->send(std::move(out), bench.journal)));
  bench.settle();
}

Node withheld(const std::string& id, const char* type = nullptr) {
  Node unavailable("unavailable");
  if (type != nullptr) unavailable.set("type", type);
  return Node("message")
      .with("id", std::string{id})
      .with("from", bobs_lid())
      .with("t", "1760000000")
      .with("type", "text")
      .with("notify", "Bob")
      .add(std::move(unavailable));
}

}  // namespace

TEST_CASE("R8: the phone is asked after five seconds, once, and its answer is the message") {
  DeskBench bench;
  cut_off(bench);
  REQUIRE(bench.send(bench.bob, alices_lid(), "ID1", "lost"));
  CHECK(questions(bench.alice).empty());
  bench.pass(4s);
  CHECK(questions(bench.alice).empty());
  bench.pass(2s);
  REQUIRE(questions(bench.alice).size() == 1);
  CHECK(questions(bench.alice)[0].attr("to") == "15550001111@s.whatsapp.net");
  CHECK(questions(bench.alice)[0].child("tctoken") == nullptr);

  answer(bench, "ID1", "lost");
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].body == "lost");
  CHECK(bench.alice.sink.events[0].id == "ID1");
  CHECK_FALSE(bench.alice.sink.events[0].from_me);
  CHECK(bench.alice.observer.repaired == std::vector<std::string>{"ID1"});

  answer(bench, "ID1", "again");  // R9: never twice
  CHECK(bench.alice.sink.events.size() == 1);
  bench.pass(30s);
  CHECK(questions(bench.alice).size() == 1);
}

TEST_CASE("R8: a retry that helps in time keeps the phone out of it") {
  DeskBench bench;
  bool damaged = false;
  bench.server.on_delivery = [&](Party& to, Node& stanza) {
    if (&to == &bench.alice && stanza.tag() == "message" && !std::exchange(damaged, true))
      stanza = corrupted(stanza);
    return true;
  };
  REQUIRE(bench.send(bench.bob, alices_lid(), "ID1", "hello"));
  CHECK(bench.alice.sink.events.size() == 1);
  bench.pass(10s);
  CHECK(questions(bench.alice).empty());
}

TEST_CASE("V1: an answer that nobody asked for, or from a stranger, or about another chat, is ignored") {
  DeskBench bench;
  answer(bench, "FORGED", "history that never was");
  CHECK(bench.alice.sink.events.empty());
  cut_off(bench);
  REQUIRE(bench.send(bench.bob, alices_lid(), "ID1", "lost"));
  bench.pass(6s);
  answer(bench, "ID1", "elsewhere", "300000000000003@lid");
  CHECK(bench.alice.sink.events.empty());
}

TEST_CASE("Q12: what was withheld from this device is asked for; acked once") {
  DeskBench bench;
  bench.give(bench.alice, withheld("ID1"));
  CHECK(bench.alice.answers_given["message ID1"] == 1);
  CHECK(bench.alice.sink.events.empty());
  bench.give(bench.alice, withheld("ID1"));
  bench.pass(6s);
  CHECK(questions(bench.alice).size() == 1);
  answer(bench, "ID1", "there it is");
  CHECK(bench.alice.sink.events.size() == 1);
}

TEST_CASE("a view-once message is told as unsupported, once, and the phone is not asked") {
  DeskBench bench;
  bench.give(bench.alice, withheld("ID1", "view_once"));
  bench.give(bench.alice, withheld("ID1", "view_once"));
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].kind == "unsupported");
  CHECK(bench.alice.sink.events[0].body == "view_once");
  bench.pass(6s);
  CHECK(questions(bench.alice).empty());
}

TEST_CASE("R7: what is older than two weeks is not asked for") {
  DeskBench bench;
  Node old = withheld("ID1");
  old.set("t", "1758000000");
  bench.give(bench.alice, old);
  bench.pass(6s);
  CHECK(questions(bench.alice).empty());
}

TEST_CASE("what is missing during offline delivery is asked for afterwards, also after a restart, together") {
  DeskBench bench;
  bench.disconnect(bench.alice);
  bench.alice.connect();
  bench.give(bench.alice, withheld("ID1"));
  bench.give(bench.alice, withheld("ID2"));
  bench.pass(10s);
  CHECK(questions(bench.alice).empty());
  bench.disconnect(bench.alice);
  bench.alice.connect();
  bench.alice.desk->offline_finished();
  bench.pass(6s);
  CHECK(questions(bench.alice).size() == 1);
}
