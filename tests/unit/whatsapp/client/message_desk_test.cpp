#include "whatsapp/client/message_desk.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

std::vector<std::string> bodies(const Party& party) {
  std::vector<std::string> out;
  for (const Event& event : party.sink.events) out.push_back(event.body);
  return out;
}

Jid bobs_number() { return pn_jid("15550002222"); }

}  // namespace

// ---- sending and receiving ------------------------------------------------------------------------------

TEST_CASE("a first text reaches the recipient and our own phone, by LID, with a new session each") {
  DeskBench bench;
  const auto outcome = bench.send(bench.alice, bobs_number(), "ID1", "hello");
  REQUIRE(outcome);
  CHECK(outcome->to == bobs_number());
  CHECK(outcome->timestamp == 1760000001);

  const Node stanza = bench.alice.sent_with_tag("message").at(0);
  CHECK(stanza.attr("to") == "200000000000002@lid");
  CHECK(stanza.attr("peer_recipient_pn") == "15550002222@s.whatsapp.net");
  CHECK(stanza.child("device-identity") != nullptr);
  CHECK(stanza.child("participants")->children().size() == 2);

  REQUIRE(bench.bob.sink.events.size() == 1);
  const Event& event = bench.bob.sink.events[0];
  CHECK(event.body == "hello");
  CHECK(event.kind == "text");
  CHECK(event.chat == "100000000000001@lid");
  CHECK(event.sender == "100000000000001@lid");
  CHECK_FALSE(event.from_me);
  CHECK(bench.bob.sink.last->sender_pn->to_string() == "15550001111@s.whatsapp.net");
  CHECK(bench.bob.sink.told == 1);
  CHECK(bench.bob.receipts("").size() == 1);

  REQUIRE(bench.alice_phone.sink.events.size() == 1);
  CHECK(bench.alice_phone.sink.events[0].from_me);
  CHECK(bench.alice_phone.sink.events[0].chat == "200000000000002@lid");
  CHECK(bench.alice_phone.receipts("sender").size() == 1);
}

TEST_CASE("after an answer messages need no new session and no questions to the server") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  REQUIRE(bench.send(bench.bob, lid_jid("100000000000001"), "ID2", "hi alice"));
  CHECK(bodies(bench.alice) == std::vector<std::string>{"hi alice"});
  const int asked = bench.server.device_queries + bench.server.number_queries + bench.server.bundle_queries;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID3", "again"));
  CHECK(bench.server.device_queries + bench.server.number_queries + bench.server.bundle_queries == asked);
  const Node stanza = bench.alice.sent_with_tag("message").back();
  for (const Node* to : stanza.child("participants")->children("to"))
    if (to->jid("jid")->user() == "200000000000002") CHECK(to->child("enc")->attr("type") == "msg");
  CHECK(bodies(bench.bob) == std::vector<std::string>{"hello", "again"});
}

TEST_CASE("many texts at once arrive in order, none twice, on all devices") {
  DeskBench bench;
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i);
    expected.push_back(number);
    bench.start_text(bench.alice, bobs_number(), "ID" + number, number);
  }
  bench.settle();
  for (const auto& [id, outcome] : bench.outcomes) CHECK(outcome.value());
  CHECK(bodies(bench.bob) == expected);
  CHECK(bodies(bench.alice_phone) == expected);
  CHECK(bench.server.number_queries == 1);
}

TEST_CASE("ratchets, the message and the journal are durable before the stanza is written") {
  DeskBench bench;
  bool durable = false;
  bench.alice.on_write = [&] {
    const auto session = bench.alice.memory->session({"200000000000002", signal::Domain::kLid, 0});
    const auto message = bench.alice.memory->sent_message("ID1");
    const auto journal = bench.alice.memory->outbound("q");
    durable = session && *session && message && *message && journal && *journal;
  };
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(durable);
  CHECK(bench.journal.stanza == bench.alice.written.at(0));
  CHECK(bench.journal.told == "15550002222@s.whatsapp.net");
}

TEST_CASE("a corrected number is told, an unknown one is not found") {
  DeskBench bench;
  bench.server.canonical_numbers["155500022229"] = "15550002222";
  const auto corrected = bench.send(bench.alice, pn_jid("155500022229"), "ID1", "hello");
  REQUIRE(corrected);
  CHECK(corrected->to == bobs_number());
  CHECK(bodies(bench.bob).size() == 1);

  const auto unknown = bench.send(bench.alice, pn_jid("15559999999"), "ID2", "hello");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == base::ErrorCode::kNotFound);
  const int asked = bench.server.number_queries;
  CHECK_FALSE(bench.send(bench.alice, pn_jid("15559999999"), "ID3", "hello"));
  CHECK(bench.server.number_queries == asked);
}

TEST_CASE("the chat with oneself goes to our other devices only") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550001111"), "ID1", "note"));
  CHECK(bodies(bench.alice_phone) == std::vector<std::string>{"note"});
  CHECK(bench.alice_phone.sink.events[0].from_me);
}

// ---- the server's ack -----------------------------------------------------------------------------------

TEST_CASE("a final refusal is told with its number and never repeated") {
  for (const int code : {463, 475, 479, 403}) {
    CAPTURE(code);
    DeskBench bench;
    bench.server.on_ack = [code](const Node&, Node plain) {
      plain.set("error", std::to_string(code));
      return std::optional<Node>{plain};
    };
    const auto outcome = bench.send(bench.alice, bobs_number(), "ID" + std::to_string(code), "hello");
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == base::ErrorCode::kRejected);
    CHECK(outcome.error().detail == code);
    CHECK(bench.alice.written.size() == 1);
  }
}

TEST_CASE("a transient refusal is answered with the same bytes, three times at most") {
  DeskBench bench;
  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("error", "503");
    return std::optional<Node>{plain};
  };
  bench.start_text(bench.alice, bobs_number(), "ID1", "hello");
  bench.settle();
  bench.pass(std::chrono::seconds{5});
  REQUIRE(bench.outcomes["ID1"]);
  REQUIRE_FALSE(*bench.outcomes["ID1"]);
  CHECK(bench.outcomes["ID1"]->error().detail == 503);
  CHECK(bench.alice.written.size() == 3);
  CHECK(bench.alice.written[0] == bench.alice.written[2]);
  CHECK(bodies(bench.bob).size() == 1);
  CHECK(bench.bob.receipts("").size() == 3);
}

TEST_CASE("a different phash makes the next send ask for the devices again, our own hash does not") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  const int asked = bench.server.device_queries;
  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("phash", "2:AAAAAAAA");
    return std::optional<Node>{plain};
  };
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "hello"));
  bench.server.on_ack = nullptr;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID3", "hello"));
  CHECK(bench.server.device_queries == asked + 1);
}

TEST_CASE("a lost connection ends a send with closed; the same bytes go out again later") {
  DeskBench bench;
  bench.server.on_ack = [](const Node&, const Node&) { return std::optional<Node>{}; };
  bench.start_text(bench.alice, bobs_number(), "ID1", "hello");
  bench.settle();
  bench.reconnect(bench.alice);
  REQUIRE(bench.outcomes["ID1"]);
  REQUIRE_FALSE(*bench.outcomes["ID1"]);
  CHECK(bench.outcomes["ID1"]->error().code == base::ErrorCode::kClosed);

  bench.server.on_ack = nullptr;
  const auto outcome = bench.run(bench.alice.desk->resend("ID1", bench.journal.stanza));
  bench.settle();
  REQUIRE(outcome);
  CHECK(outcome->to == bobs_number());
  CHECK(bench.alice.written.at(0) == bench.alice.written.at(1));
  CHECK(bodies(bench.bob) == std::vector<std::string>{"hello"});
}

TEST_CASE("no ack at all is a timeout; not being connected is closed") {
  DeskBench bench;
  bench.server.on_ack = [](const Node&, const Node&) { return std::optional<Node>{}; };
  bench.start_text(bench.alice, bobs_number(), "ID1", "hello");
  bench.settle();
  bench.clock.advance(std::chrono::seconds{61});
  bench.settle();
  REQUIRE(bench.outcomes["ID1"]);
  CHECK(bench.outcomes["ID1"]->error().code == base::ErrorCode::kTimeout);

  DeskBench other;
  other.alice.drop_line();
  CHECK(other.send(other.alice, bobs_number(), "ID2", "x").error().code == base::ErrorCode::kClosed);
}

TEST_CASE("one device without keys does not keep a message from the others; none at all fails it") {
  DeskBench bench;
  bench.bob.devices = {0, 7};  // 7 is unknown to the key server
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bodies(bench.bob).size() == 1);
  bench.server.on_query = [](const Node& iq) -> std::optional<Node> {
    if (iq.child("key") == nullptr) return std::nullopt;
    return Node("iq").with("type", "error").add(Node("error").with("code", "406").with("text", "no"));
  };
  DeskBench fresh;
  fresh.server.on_query = bench.server.on_query;
  const auto outcome = fresh.send(fresh.alice, bobs_number(), "ID2", "hello");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == base::ErrorCode::kUnavailable);
  CHECK(fresh.alice.written.empty());
}

// ---- durability -----------------------------------------------------------------------------------------

TEST_CASE("a message given twice is staged once and receipted twice") {
  DeskBench bench;
  bench.server.on_delivery = [&](Party& to, Node& stanza) {
    if (&to == &bench.bob) to.inbox.push_back(stanza);
    return true;
  };
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bodies(bench.bob).size() == 1);
  CHECK(bench.bob.receipts("").size() == 2);
  CHECK(bench.bob.receipts("retry").empty());
  CHECK(bench.bob.observer.failed.empty());
}

TEST_CASE("a full disk leaves the message unanswered and closes; the server gives it again") {
  DeskBench bench;
  bench.bob.memory->fail_commits_with(base::Error{base::ErrorCode::kIo, "disk full"});
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.bob.close_reason);
  CHECK(bench.bob.sent.empty());
  CHECK(bench.bob.sink.told == 0);

  bench.bob.memory->fail_commits_with(std::nullopt);
  bench.bob.sink.events.clear();
  bench.reconnect(bench.bob);
  CHECK(bodies(bench.bob) == std::vector<std::string>{"hello"});
  CHECK(bench.bob.sink.told == 1);
  CHECK(bench.bob.receipts("").size() == 1);
  CHECK(bench.bob.receipts("retry").empty());
}

TEST_CASE("a failing commit of a send writes nothing") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  bench.alice.memory->fail_commits_with(base::Error{base::ErrorCode::kIo, "disk full"});
  CHECK_FALSE(bench.send(bench.alice, bobs_number(), "ID2", "lost"));
  CHECK(bench.alice.written.size() == 1);
  CHECK(bench.alice.close_reason);
  bench.alice.memory->fail_commits_with(std::nullopt);
  bench.reconnect(bench.alice);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID3", "third"));
  CHECK(bodies(bench.bob) == std::vector<std::string>{"hello", "third"});
}

TEST_CASE("without room messages wait, unanswered and in order, until there is room") {
  DeskBench bench;
  bench.bob.sink.room = false;
  for (const char* id : {"1", "2", "3"}) REQUIRE(bench.send(bench.alice, bobs_number(), id, id));
  CHECK(bench.bob.sink.events.empty());
  CHECK(bench.bob.sent.empty());
  bench.bob.sink.room = true;
  bench.bob.desk->resume_intake();
  bench.settle();
  CHECK(bodies(bench.bob) == std::vector<std::string>{"1", "2", "3"});
  CHECK(bench.bob.receipts("").size() == 3);
}

TEST_CASE("a connection that ends while there is no room leaves the message to the next one") {
  DeskBench bench;
  bench.bob.sink.room = false;
  REQUIRE(bench.send(bench.alice, bobs_number(), "1", "one"));
  bench.bob.sink.room = true;
  bench.reconnect(bench.bob);
  CHECK(bodies(bench.bob) == std::vector<std::string>{"one"});
}

// ---- memory ---------------------------------------------------------------------------------------------

TEST_CASE("what is kept in memory is forgotten when nothing happens, and nothing is lost by it") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.alice.desk->cached_rows() > 0);
  bench.clock.advance(std::chrono::minutes{2});
  bench.settle();
  CHECK(bench.alice.desk->cached_rows() == 0);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "again"));
  CHECK(bodies(bench.bob) == std::vector<std::string>{"hello", "again"});
  CHECK(bench.server.bundle_queries == 1);
}

TEST_CASE("the number behind a LID is known after the first message, and only for LIDs") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  const auto pn = bench.run(bench.bob.desk->pn_of(lid_jid("100000000000001")));
  REQUIRE(pn);
  CHECK(*pn == pn_jid("15550001111"));
  CHECK_FALSE(bench.run(bench.bob.desk->pn_of(lid_jid("42"))).value());
  CHECK_FALSE(bench.run(bench.bob.desk->pn_of(pn_jid("42"))));
}
