#include <doctest/doctest.h>

#include "edge_bench.h"

using namespace std::chrono_literals;
using namespace edge_server;
using Json = nlohmann::json;

namespace {

std::string queue_text(EdgeBench& bench, const std::string& instance, const std::string& body) {
  const auto sent = bench.json("POST", "/v1/instances/" + instance + "/messages",
                               Json{{"to", "+55 11 99999-9999"}, {"body", body}}.dump());
  return sent["id"];
}

std::vector<std::string> listed(EdgeBench& bench, const std::string& instance) {
  std::vector<std::string> ids;
  const auto listing = bench.await(bench.client->queued_messages(instance, {})).value();
  for (const auto& message : listing.messages) ids.push_back(message.id);
  return ids;
}

edge::MarkSent sent_mark(const std::string& id) {
  edge::MarkSent mark;
  mark.message_id = id;
  mark.wa_message_id = "3EB01";
  mark.send_debug = {"+55", "551199999999@s.whatsapp.net", "sent"};
  return mark;
}

edge::MarkFailed failed_mark(const std::string& id) {
  edge::MarkFailed mark;
  mark.message_id = id;
  mark.error = "not_on_whatsapp: nobody there";
  mark.error_code = "not_on_whatsapp";
  return mark;
}

}  // namespace

TEST_CASE("a message stays listed, in its order, until it is marked") {
  EdgeBench bench;
  bench.create("i1");
  const auto a = queue_text(bench, "i1", "one");
  const auto b = queue_text(bench, "i1", "two");
  CHECK(listed(bench, "i1") == std::vector{a, b});
  CHECK(listed(bench, "i1") == std::vector{a, b});
  CHECK(bench.await(bench.client->mark_sent(sent_mark(a), {})));
  CHECK(listed(bench, "i1") == std::vector{b});
  const auto shown = bench.json("GET", "/v1/instances/i1/messages")["data"];
  CHECK(shown[1]["state"] == "sent");
  CHECK(shown[1]["wa_message_id"] == "3EB01");
  CHECK(shown[1]["chat"] == "551199999999@s.whatsapp.net");  // where it really went
}

TEST_CASE("marks are idempotent, and what was sent never becomes failed") {
  EdgeBench bench;
  bench.create("i1");
  const auto id = queue_text(bench, "i1", "one");
  CHECK(bench.await(bench.client->mark_failed(failed_mark(id), {})));
  CHECK(bench.await(bench.client->mark_failed(failed_mark(id), {})));
  CHECK(bench.json("GET", "/v1/instances/i1/messages")["data"][0]["error_code"] == "not_on_whatsapp");
  CHECK(bench.await(bench.client->mark_sent(sent_mark(id), {})));
  CHECK(bench.await(bench.client->mark_sent(sent_mark(id), {})));
  CHECK(bench.await(bench.client->mark_failed(failed_mark(id), {})));
  const auto shown = bench.json("GET", "/v1/instances/i1/messages")["data"][0];
  CHECK(shown["state"] == "sent");
  CHECK(shown["error"].is_null());
  CHECK(bench.await(bench.client->mark_sent(sent_mark("msg_unknown"), {})).error().detail == 404);
}

TEST_CASE("a claim leases: nobody else gets the message until the lease has run out") {
  EdgeBench bench;
  bench.create("i1");
  bench.create("i2");
  queue_text(bench, "i1", "one");
  queue_text(bench, "i2", "two");
  edge::ClaimRequest claim;
  claim.instance_ids = {"i1", "i2"};
  claim.wait = 0s;
  claim.lease = 60s;
  const auto first = bench.await(bench.client->claim_messages(claim, {}));
  REQUIRE(first->messages.size() == 2);
  CHECK(first->messages[1].instance_id == "i2");
  CHECK(bench.await(bench.client->claim_messages(claim, {}))->messages.empty());
  CHECK(listed(bench, "i1").empty());
  bench.clock.advance(60s);
  CHECK(bench.await(bench.client->claim_messages(claim, {}))->messages.size() == 2);
}

TEST_CASE("one instance's backlog leaves room for the others in a claim") {
  EdgeBench bench;
  bench.create("i1");
  bench.create("i2");
  for (int i = 0; i < 10; ++i) queue_text(bench, "i1", "flood");
  queue_text(bench, "i2", "alone");
  edge::ClaimRequest claim;
  claim.instance_ids = {"i1", "i2"};
  claim.limit = 4;
  claim.wait = 0s;
  const auto got = bench.await(bench.client->claim_messages(claim, {}));
  REQUIRE(got->messages.size() == 3);
  CHECK(got->messages.back().instance_id == "i2");
}

TEST_CASE("a long poll is answered by the message it waited for, or empty at its end") {
  EdgeBench bench;
  bench.create("i1");
  edge::ClaimRequest claim;
  claim.instance_ids = {"i1"};
  claim.wait = 20s;
  std::optional<base::Result<edge::QueueListing>> got;
  bench.scope.spawn(EdgeBench::keep(bench.client->claim_messages(claim, {}), got));
  queue_text(bench, "i1", "here");
  bench.turn_until([&] { return got.has_value(); });
  REQUIRE(got);
  CHECK(got->value().messages.size() == 1);

  std::optional<base::Result<edge::QueueListing>> nothing;
  bench.scope.spawn(EdgeBench::keep(bench.client->claim_messages(claim, {}), nothing));
  CHECK(bench.ask("GET", "/v1/instances").status == 200);  // whatever the poll does first has been done
  CHECK_FALSE(nothing);
  bench.clock.advance(20s);
  bench.turn_until([&] { return nothing.has_value(); });
  REQUIRE(nothing);
  CHECK(nothing->value().messages.empty());
}

TEST_CASE("an idempotency key queues once; the same key for another message is refused") {
  EdgeBench bench;
  bench.create("i1");
  const runtime::HttpHeaders key{{"Idempotency-Key", "order-17"}};
  const std::string body = R"({"to":"5511999999999","body":"paid"})";
  const auto first = bench.ask("POST", "/v1/instances/i1/messages", body, kApiKey, key);
  const auto again = bench.ask("POST", "/v1/instances/i1/messages", body, kApiKey, key);
  const auto other =
      bench.ask("POST", "/v1/instances/i1/messages", R"({"to":"5511999999999","body":"x"})", kApiKey, key);
  CHECK(first.status == 201);
  CHECK(again.status == 200);
  CHECK(Json::parse(first.body)["id"] == Json::parse(again.body)["id"]);
  CHECK(other.status == 422);
  CHECK(Json::parse(other.body)["code"] == "idempotency_key_reused");
  CHECK(listed(bench, "i1").size() == 1);
}

TEST_CASE("what a person posts reaches the worker with its media, kind and payload") {
  EdgeBench bench;
  bench.create("i1");
  bench.json("POST", "/v1/instances/i1/messages",
             R"({"to":"x@g.us","media_url":"https://m/a.ogg","mime_type":"audio/ogg","ptt":true,"id":"forged",
                 "media_type":"audio"})");
  bench.json("POST", "/v1/instances/i1/messages",
             R"({"to":"5511999999999","type":"location","location":{"lat":1,"lng":2}})");
  const auto listing = bench.await(bench.client->queued_messages("i1", {}));
  REQUIRE(listing->messages.size() == 2);
  CHECK(listing->messages[0].type == "ptt");
  CHECK(listing->messages[0].id.starts_with("msg_"));
  CHECK(listing->messages[0].media->url == "https://m/a.ogg");
  CHECK(listing->messages[1].payload_json == R"({"lat":1,"lng":2})");
}

TEST_CASE("receipts move forward only") {
  EdgeBench bench;
  bench.create("i1");
  const auto id = queue_text(bench, "i1", "one");
  CHECK(bench.await(bench.client->mark_sent(sent_mark(id), {})));
  const auto receipt_after = [&](const char* event_id, const char* status) {
    edge::Event event{
        event_id, "message.status", "i1", {}, Json{{"wa_message_id", "3EB01"}, {"status", status}}.dump()};
    CHECK(bench.await(bench.client->send_events({event}, {})));
    return bench.json("GET", "/v1/instances/i1/messages")["data"][0]["receipt"].get<std::string>();
  };
  CHECK(receipt_after("e1", "delivered") == "delivered");
  CHECK(receipt_after("e2", "read") == "read");
  CHECK(receipt_after("e3", "delivered") == "read");
  CHECK(receipt_after("e4", "nonsense") == "read");
  CHECK(receipt_after("e4", "played") == "played");
  CHECK(bench.json("GET", "/v1/instances/i1/events")["data"].size() == 4);  // e4 came twice
}
