// Retries, both ways: messages that cannot be read, and devices that could not read ours.
#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/client/retry_answerer.h"
#include "whatsapp/client/retry_requester.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

Jid bobs_number() { return pn_jid("15550002222"); }

/// Damages the first `times` messages on their way to Bob.
void damage(DeskBench& bench, int times) {
  bench.server.on_delivery = [&bench, left = times](Party& to, Node& stanza) mutable {
    if (&to == &bench.bob && stanza.tag() == "message" && left > 0) {
      --left;
      stanza = corrupted(stanza);
    }
    return true;
  };
}

Node retry_request(const std::string& id, const Jid& from, int count) {
  return Node("receipt")
      .with("id", std::string{id})
      .with("from", from)
      .with("type", "retry")
      .add(Node("retry").with("count", count).with("id", std::string{id}).with("v", "1"));
}

}  // namespace

TEST_CASE("a damaged message is asked for, sent again, and read once; the failure is taken back") {
  DeskBench bench;
  damage(bench, 1);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.bob.observer.failed == std::vector<std::string>{"ID1"});
  CHECK(bench.bob.observer.repaired == std::vector<std::string>{"ID1"});
  REQUIRE(bench.bob.sink.events.size() == 1);
  CHECK(bench.bob.sink.events[0].body == "hello");
  REQUIRE(bench.bob.receipts("retry").size() == 1);
  CHECK(bench.bob.receipts("retry")[0].child("keys") == nullptr);
  CHECK(bench.bob.answers_given["message ID1"] == 2);  // the ack of the first, the receipt of the second
  CHECK(bench.alice.answers_given["receipt ID1"] == 1);

  const Node again = bench.alice.sent_with_tag("message").back();
  CHECK(again.attr("device_fanout") == "false");
  CHECK(again.child("enc")->attr("count") == "1");
  CHECK(again.attr("to") == "200000000000002@lid");
}

TEST_CASE("the second request brings keys, and a new session is begun with them") {
  DeskBench bench;
  damage(bench, 2);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.bob.receipts("retry").size() == 2);
  REQUIRE(bench.bob.receipts("retry")[1].child("keys") != nullptr);
  CHECK(bench.bob.handed_out == 1);
  CHECK(bench.bob.sink.events.size() == 1);
  CHECK(bench.alice.sent_with_tag("message").back().child("enc")->attr("type") == "pkmsg");
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "next"));
  CHECK(bench.bob.sink.events.size() == 2);
}

TEST_CASE("a message that never arrives whole is given up after four requests, for good") {
  DeskBench bench;
  damage(bench, 1000);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.bob.receipts("retry").size() == RetryRequester::kMaxRequests);
  CHECK(bench.bob.sink.events.empty());
  bench.reconnect(bench.bob);  // the count is in the store
  bench.give(bench.bob, Node("message")
                            .with("id", "ID1")
                            .with("from", lid_jid("100000000000001", 1))
                            .add(Node("enc").with("v", "2").with("type", "msg").text("damaged")));
  CHECK(bench.bob.receipts("retry").size() == RetryRequester::kMaxRequests);
}

TEST_CASE("a message without any session is asked for with keys at once") {
  DeskBench bench;
  bench.give(bench.bob,
             Node("message")
                 .with("id", "LOST")
                 .with("from", lid_jid("100000000000001", 1))
                 .with("t", "1760000000")
                 .with("type", "text")
                 .add(Node("enc").with("v", "2").with("type", "msg").text("not a signal message")));
  // Out of form and without session: the form is looked at first or not, a request goes out either way.
  REQUIRE(bench.bob.receipts("retry").size() == 1);
  const Node receipt = bench.bob.receipts("retry")[0];
  CHECK(receipt.child("retry")->attr("count") == "1");
  CHECK(receipt.child("registration")->bytes().size() == 4);
  CHECK(bench.bob.answers_given["message LOST"] == 1);
}

TEST_CASE("during offline delivery nothing is asked; afterwards it is, also after a restart in between") {
  DeskBench bench;
  bench.disconnect(bench.bob);
  bench.bob.connect();  // offline delivery goes on
  damage(bench, 1);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.bob.receipts("retry").empty());
  CHECK(bench.bob.answers_given["message ID1"] == 1);

  bench.disconnect(bench.bob);
  bench.bob.connect();
  bench.settle();
  CHECK(bench.bob.receipts("retry").empty());
  bench.bob.desk->offline_finished();
  bench.settle();
  CHECK(bench.bob.receipts("retry").size() == 1);
  CHECK(bench.bob.sink.events.size() == 1);
  CHECK_FALSE(bench.bob.memory->value("deferred_retry_requests").value());
}

TEST_CASE("a request for a message we never sent is acked and nothing else") {
  DeskBench bench;
  bench.give(bench.alice, retry_request("NEVER", bench.bob.lid(), 1));
  CHECK(bench.alice.answers_given["receipt NEVER"] == 1);
  CHECK(bench.alice.sent_with_tag("message").empty());
}

TEST_CASE("only devices of the recipient and our own get a message again") {
  DeskBench bench;
  Party carol(bench.server, bench.executor, "15550003333", "300000000000003", 0, 99);
  carol.devices = {0};
  carol.connect();
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  const auto sent = bench.alice.sent_with_tag("message").size();
  bench.give(bench.alice, retry_request("ID1", carol.lid(), 1));
  bench.give(bench.alice, retry_request("ID1", lid_jid("200000000000002", 9), 1));  // no such device of Bob's
  CHECK(bench.alice.sent_with_tag("message").size() == sent);
  CHECK(bench.alice.answers_given["receipt ID1"] == 2);

  Node own = retry_request("ID1", bench.alice_phone.lid(), 1);
  own.set("recipient", lid_jid("200000000000002"));
  bench.give(bench.alice, own);
  REQUIRE(bench.alice.sent_with_tag("message").size() == sent + 1);
  CHECK(bench.alice_phone.sink.events.size() == 1);  // had it already: no second event
  CHECK(bench.alice_phone.sink.events[0].from_me);

  bench.leave(carol);
}

TEST_CASE("a device that asks without end gets ten answers, one that counts too far none") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  bench.server.on_delivery = [&](Party& to, Node&) { return &to != &bench.bob; };
  const auto sent = bench.alice.sent_with_tag("message").size();
  for (int i = 0; i < 14; ++i) bench.give(bench.alice, retry_request("ID1", bench.bob.lid(), 1));
  CHECK(bench.alice.sent_with_tag("message").size() == sent + RetryAnswerer::kMaxAnswers);
  CHECK(bench.alice.answers_given["receipt ID1"] == 14);

  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "hello"));
  const auto then = bench.alice.sent_with_tag("message").size();
  bench.give(bench.alice, retry_request("ID2", bench.bob.lid(), 5));
  CHECK(bench.alice.sent_with_tag("message").size() == then);
}

TEST_CASE("the same session at the third request as at the second is thrown away") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  bench.server.on_delivery = [&](Party& to, Node&) { return &to != &bench.bob; };
  const int asked = bench.server.bundle_queries;
  bench.give(bench.alice, retry_request("ID1", bench.bob.lid(), 2));
  CHECK(bench.server.bundle_queries == asked);
  bench.give(bench.alice, retry_request("ID1", bench.bob.lid(), 3));
  CHECK(bench.server.bundle_queries == asked + 1);
  bench.give(bench.alice, retry_request("ID1", bench.bob.lid(), 4));
  CHECK(bench.server.bundle_queries == asked + 1);  // at most once an hour
}

TEST_CASE("a device that registered anew gets a new session") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  bench.server.on_delivery = [&](Party& to, Node&) { return &to != &bench.bob; };
  const int asked = bench.server.bundle_queries;
  Node request = retry_request("ID1", bench.bob.lid(), 1);
  const std::uint32_t other = bench.bob.credentials.registration_id + 1;
  request.add_child(Node("registration").bytes(base::ByteView{base::big_endian<4>(other)}));
  bench.give(bench.alice, request);
  CHECK(bench.server.bundle_queries == asked + 1);
  CHECK(bench.alice.sent_with_tag("message").back().child("enc")->attr("type") == "pkmsg");
}

TEST_CASE("keys with a wrong signature begin nothing") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  const auto before = bench.alice.memory->identity({"200000000000002", signal::Domain::kLid, 0}).value();
  Node request = retry_request("ID1", bench.bob.lid(), 2);
  request.add_child(
      Node("registration").bytes(base::ByteView{base::big_endian<4>(bench.bob.credentials.registration_id)}));
  const base::FixedBytes<32> key{9};
  const base::FixedBytes<64> signature{};
  request.add_child(Node("keys")
                        .add(Node("identity").bytes(base::ByteView{key}))
                        .add(Node("skey")
                                 .add(Node("id").bytes(base::ByteView{base::big_endian<3>(1)}))
                                 .add(Node("value").bytes(base::ByteView{key}))
                                 .add(Node("signature").bytes(base::ByteView{signature}))));
  bench.give(bench.alice, request);
  const auto after = bench.alice.memory->identity({"200000000000002", signal::Domain::kLid, 0}).value();
  REQUIRE(after);
  CHECK(after->key == before->key);
  CHECK(bench.alice.answers_given["receipt ID1"] == 1);
}

TEST_CASE("malformed retry receipts are refused") {
  DeskBench bench;
  bench.give(bench.alice,
             Node("receipt").with("id", "X").with("from", bench.bob.lid()).with("type", "retry"));
  const auto acks = bench.alice.sent_with_tag("ack");
  REQUIRE(acks.size() == 1);
  CHECK(acks[0].attr("error") == "487");
}
