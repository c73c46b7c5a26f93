#include "edge/edge_client.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "scripted_transport.h"

using namespace std::chrono_literals;
using namespace edge;
using base::ErrorCode;
using Json = nlohmann::json;

namespace {

Call retrying() {
  Call call;
  call.retry = Retry::forever();
  return call;
}

Json sent_body(const ClientBench& bench, std::size_t request = 0) {
  return Json::parse(bench.transport.requests.at(request).body);
}

MarkSent some_mark() {
  MarkSent mark;
  mark.message_id = "m1";
  mark.wa_message_id = "3EB0AA";
  mark.instance_id = "i1";
  mark.send_debug = {"11", "11@s.whatsapp.net", "sent"};
  return mark;
}

InboundMessage some_inbound() {
  InboundMessage message;
  message.instance_id = "i1";
  message.from = "5511@s.whatsapp.net";
  message.to = "5522@s.whatsapp.net";
  message.body = "olá";
  message.chat_id = "123@g.us";
  message.sender_jid_raw = "99@lid";
  message.wa_message_id = "ABC";
  return message;
}

}  // namespace

TEST_CASE("the base URL loses trailing slashes and /inbound") {
  CHECK(trim_base_url("https://x/proxy") == "https://x/proxy");
  CHECK(trim_base_url("https://x/proxy//") == "https://x/proxy");
  CHECK(trim_base_url("https://x/proxy/inbound") == "https://x/proxy");
  CHECK(trim_base_url("https://x/proxy/inbound/") == "https://x/proxy");
  CHECK(trim_base_url("https://x/proxy-inbound") == "https://x/proxy-inbound");
}

TEST_CASE("every request carries who asks, and a POST an idempotency key") {
  ClientBench bench;
  bench.transport.answer(200, R"({"max_active_instances":7})");
  bench.transport.answer(204);
  CHECK(bench.finish(bench.client.worker_settings({}))->max_active_instances == 7);
  Call call;
  call.fence = 42;
  CHECK(bench.finish(bench.client.mark_sent(some_mark(), call)));

  CHECK(bench.transport.requests[0].url == "https://edge.example/functions/v1/worker-proxy/worker-settings");
  CHECK(bench.sent_header(0, "Authorization") == std::string("Bearer ") + kSecret);
  CHECK(bench.sent_header(0, "X-Worker-Id") == "host-1");
  CHECK(bench.sent_header(0, "User-Agent") == "wa-worker/9.9");
  CHECK(bench.sent_header(0, "apikey").empty());
  CHECK(bench.sent_header(0, "traceparent").size() == 55);
  CHECK(bench.sent_header(0, "Idempotency-Key").empty());
  CHECK(bench.sent_header(0, "X-Fencing-Token").empty());
  CHECK(bench.sent_header(1, "X-Fencing-Token") == "42");
  CHECK(bench.sent_header(1, "Content-Type").starts_with("application/json"));
  CHECK(bench.sent_header(1, "Idempotency-Key").size() == 32);
  CHECK(bench.transport.requests[1].connect_timeout == 5s);
  CHECK(bench.transport.requests[1].total_timeout == 10s);
}

TEST_CASE("retries of one fact share the key; another fact has another; the caller's own wins") {
  ClientBench bench;
  bench.transport.answer(503);
  bench.transport.fail(ErrorCode::kTimeout);
  bench.transport.answer(200);
  bench.transport.answer(200);
  bench.transport.answer(200);
  CHECK(bench.finish(bench.client.mark_sent(some_mark(), retrying())));
  auto other = some_mark();
  other.message_id = "m2";
  CHECK(bench.finish(bench.client.mark_sent(other, {})));
  Call named;
  named.idempotency_key = "mine\r\nX-Evil: 1";
  CHECK(bench.finish(bench.client.mark_sent(some_mark(), named)));

  const auto key = bench.sent_header(0, "Idempotency-Key");
  CHECK(bench.sent_header(1, "Idempotency-Key") == key);
  CHECK(bench.sent_header(2, "Idempotency-Key") == key);
  CHECK(bench.sent_header(3, "Idempotency-Key") != key);
  CHECK(bench.sent_header(4, "Idempotency-Key") == "mineX-Evil:1");  // nothing that ends a header line
}

TEST_CASE("a call ends when its deadline leaves no room for another attempt") {
  ClientBench bench;
  Call call;
  call.retry = Retry::until(bench.clock.now() + 5s);
  const auto result = bench.finish(bench.client.mark_sent(some_mark(), call));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kUnavailable);
  CHECK(bench.transport.requests.size() > 2);
  CHECK(bench.transport.requests.size() < 60);
  CHECK(bench.client.reachability() == Reachability::kUnreachable);
}

TEST_CASE("Retry-After holds the next attempt back") {
  ClientBench bench;
  bench.transport.answer(429, "slow down", {{"Retry-After", "120"}});
  bench.transport.answer(200);
  std::optional<base::Result<void>> done;
  bench.start(bench.client.mark_sent(some_mark(), retrying()), done);
  bench.advance(119s);
  CHECK(bench.transport.requests.size() == 1);
  bench.advance(1s);
  CHECK(bench.transport.requests.size() == 2);
  CHECK(done);
}

TEST_CASE("another 4xx is final; 220 characters of the answer are kept, the secret is not") {
  ClientBench bench;
  bench.transport.answer(422, std::string("bad ") + kSecret + "\n" + std::string(400, 'x'));
  const auto result = bench.finish(bench.client.mark_sent(some_mark(), retrying()));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kRejected);
  CHECK(result.error().detail == 422);
  CHECK(bench.transport.requests.size() == 1);
  CHECK(result.error().message.find(kSecret) == std::string::npos);
  CHECK(result.error().message.find('\n') == std::string::npos);
  const std::string prefix = "/mark-sent: HTTP 422: ";
  CHECK(result.error().message.size() == prefix.size() + 220);
}

TEST_CASE("a cut excerpt never ends inside a character") {
  ClientBench bench;
  std::string body;
  for (int i = 0; i < 300; ++i) body += "ã";
  bench.transport.answer(400, body);
  const auto result = bench.finish(bench.client.mark_sent(some_mark(), {}));
  CHECK(result.error().message.ends_with("ã"));
}

TEST_CASE("a missing optional endpoint is not asked again for ten minutes") {
  ClientBench bench;
  bench.transport.answer(404);
  bench.transport.answer(405);
  for (int i = 0; i < 3; ++i) {
    const auto result = bench.finish(bench.client.mark_failed({}, retrying()));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::kNotFound);
  }
  CHECK(bench.transport.requests.size() == 1);
  bench.advance(10min);
  CHECK_FALSE(bench.finish(bench.client.mark_failed({}, {})));
  CHECK(bench.transport.requests.size() == 2);
  CHECK(bench.client.reachability() == Reachability::kOk);
}

TEST_CASE("a missing required endpoint is a refusal") {
  ClientBench bench;
  bench.transport.answer(404);
  CHECK(bench.finish(bench.client.inbound(some_inbound(), retrying())).error().code == ErrorCode::kRejected);
}

TEST_CASE("a refused secret turns the reachability red, is retried slowly, and recovers") {
  ClientBench bench;
  bench.transport.answer(401, R"({"code":401,"message":"Invalid JWT"})");
  bench.transport.answer(200);
  std::optional<base::Result<void>> done;
  bench.start(bench.client.mark_sent(some_mark(), retrying()), done);
  CHECK(bench.client.reachability() == Reachability::kUnauthorized);
  bench.advance(14s);
  CHECK(bench.transport.requests.size() == 1);
  bench.advance(50s);
  REQUIRE(done);
  CHECK(bench.client.reachability() == Reachability::kOk);

  bench.transport.answer(403);
  const auto once = bench.finish(bench.client.mark_sent(some_mark(), {}));
  CHECK(once.error().code == ErrorCode::kRejected);
  CHECK(once.error().detail == 403);
}

TEST_CASE("a closed scope ends a waiting call") {
  ClientBench bench;
  bench.transport.answer(500);
  std::optional<base::Result<void>> done;
  bench.start(bench.client.mark_sent(some_mark(), retrying()), done);
  CHECK_FALSE(done);
  bench.scope.cancel();
  bench.loop.run_until_idle();
  REQUIRE(done);
  CHECK(done->error().code == ErrorCode::kCancelled);
}

TEST_CASE("each attempt is observed with route and status") {
  std::vector<std::pair<std::string, int>> seen;
  ClientBench bench([&](const RequestObservation& o) { seen.emplace_back(o.route, o.status); });
  bench.transport.fail(ErrorCode::kUnavailable);
  bench.transport.answer(204);
  CHECK(bench.finish(bench.client.mark_sent(some_mark(), retrying())));
  CHECK(seen == std::vector<std::pair<std::string, int>>{{"/mark-sent", 0}, {"/mark-sent", 204}});
}

TEST_CASE("worker settings may say nothing") {
  for (const char* body : {"", "null", "{}", R"({"max_active_instances":null})"}) {
    ClientBench bench;
    bench.transport.answer(body[0] == 0 ? 204 : 200, body);
    const auto settings = bench.finish(bench.client.worker_settings({}));
    REQUIRE(settings);
    CHECK_FALSE(settings->max_active_instances);
  }
  ClientBench bench;
  bench.transport.answer(200, R"({"max_active_instances":"12","capabilities":["events",3]})");
  const auto settings = bench.finish(bench.client.worker_settings({}));
  CHECK(settings->max_active_instances == 12);
  CHECK(settings->has("events"));
  CHECK_FALSE(settings->has("queue.batch"));
}

TEST_CASE("eligible instances come as instances, data or a bare array, and are sorted stably") {
  for (const char* shape : {R"({"instances":LIST})", R"({"data":LIST,"x":1})", "LIST"}) {
    ClientBench bench;
    std::string body = shape;
    const std::string list = R"([{"id":"a","priority":1},{"id":7,"priority":"9"},{"id":"c","priority":1},
                                 {"priority":5},{"id":"a","priority":100}])";
    body.replace(body.find("LIST"), 4, list);
    bench.transport.answer(200, body);
    const auto found = bench.finish(bench.client.eligible_instances(3, {}));
    REQUIRE(found);
    REQUIRE(found->size() == 3);
    CHECK((*found)[0].id == "7");
    CHECK((*found)[1].id == "a");
    CHECK((*found)[2].id == "c");
    CHECK(bench.transport.requests[0].url.ends_with("?enabled=true&limit=50&order=priority.desc"));
  }
}

TEST_CASE("pages are followed until there is no new cursor") {
  ClientBench bench;
  bench.transport.answer(200, R"({"instances":[{"id":"a","priority":1}],"next_cursor":"p/2"})");
  bench.transport.answer(200, R"({"instances":[{"id":"b","priority":2}],"next_cursor":"p3"})");
  bench.transport.answer(200, R"({"instances":[{"id":"c"}],"next_cursor":"p3"})");
  const auto found = bench.finish(bench.client.eligible_instances(80, {}));
  REQUIRE(found);
  CHECK(found->size() == 3);
  CHECK(found->front().id == "b");
  CHECK(bench.transport.requests.size() == 3);
  CHECK(bench.transport.requests[1].url.ends_with("limit=80&order=priority.desc&cursor=p%2F2"));
}

TEST_CASE("an answer that is not the contract is malformed, not a crash") {
  for (const std::string& body :
       {std::string("<html>"), std::string("[1"), std::string("\"x\""), std::string(100'000, '[')}) {
    ClientBench bench;
    bench.transport.answer(200, body);
    const auto found = bench.finish(bench.client.eligible_instances(5, {}));
    CHECK_FALSE(found);
  }
}

TEST_CASE("a queue listing is sorted into messages, malformed entries and those that cannot be named") {
  ClientBench bench;
  bench.transport.answer(200, R"({"messages":[
    {"id":"1","to":"5511999999999","body":"hi"},
    {"id":2,"to":5511,"body":null,"media_url":"http://x/y","mime_type":"image/png"},
    {"id":"3","body":"no to"},
    {"id":"4","to":"5511","body":""},
    {"to":"5511","body":"no id"},
    {"id":"5","to":"x@g.us","media_url":"http://x/a","mime_type":"audio/ogg","ptt":true,
     "quoted":{"id":"Q","sender":"s@lid"},"mentions":["m@lid"],"expires_at":"2026-01-01T00:00:00Z"},
    {"id":"6","to":"5511","type":"location","location":{"lat":1}},
    "junk"]})");
  const auto listing = bench.finish(bench.client.queued_messages("i 1", {}));
  REQUIRE(listing);
  CHECK(bench.transport.requests[0].url.ends_with("/queued-messages?instanceId=i%201"));
  REQUIRE(listing->messages.size() == 4);
  CHECK(listing->messages[0].type == "text");
  CHECK(listing->messages[0].instance_id == "i 1");
  CHECK(listing->messages[1].id == "2");
  CHECK(listing->messages[1].to == "5511");
  CHECK(listing->messages[1].media->media_type == "image");
  CHECK(listing->messages[1].type == "image");
  CHECK(listing->messages[2].type == "ptt");
  CHECK(listing->messages[2].quoted_id == "Q");
  CHECK(listing->messages[2].quoted_sender == "s@lid");
  CHECK(listing->messages[2].expires_at == WallTime{std::chrono::seconds{1'767'225'600}});
  CHECK(listing->messages[3].payload_json == R"({"lat":1})");
  REQUIRE(listing->malformed.size() == 2);
  CHECK(listing->malformed[0].id == "3");
  CHECK(listing->malformed[1].id == "4");
  CHECK(listing->without_id == 2);
}

TEST_CASE("qr_code is there with a QR, absent on CONNECTING without one, and null otherwise") {
  ClientBench bench;
  for (int i = 0; i < 3; ++i) bench.transport.answer(204);
  StatusUpdate update;
  update.instance_id = "i1";
  CHECK(bench.finish(bench.client.update_status(update, {})));
  update.qr_code = "data:image/png;base64,AA";
  CHECK(bench.finish(bench.client.update_status(update, {})));
  update.status = InstanceStatus::kDisconnected;
  update.reason = "logged_out";
  update.reason_code = 401;
  CHECK(bench.finish(bench.client.update_status(update, {})));
  CHECK_FALSE(sent_body(bench, 0).contains("qr_code"));
  CHECK(sent_body(bench, 0)["status"] == "CONNECTING");
  CHECK(sent_body(bench, 1)["qr_code"] == "data:image/png;base64,AA");
  CHECK(sent_body(bench, 2)["qr_code"].is_null());
  CHECK(sent_body(bench, 2).contains("qr_code"));
  CHECK(sent_body(bench, 2)["reason_code"] == 401);
}

TEST_CASE("an inbound message has all required names, both spellings of the chat, and survives bad UTF-8") {
  ClientBench bench;
  bench.transport.answer(204);
  auto message = some_inbound();
  message.push_name = "a\xff";
  message.payload_key = "location";
  message.payload_json = R"({"lat":1})";
  CHECK(bench.finish(bench.client.inbound(message, {})));
  const auto body = sent_body(bench);
  CHECK(body["chat_id"] == "123@g.us");
  CHECK(body["chat_id_norm"] == "123@g.us");
  CHECK(body["chat_type"] == "group");
  CHECK(body["body"] == "olá");
  CHECK(body["from_me"] == false);
  CHECK(body["location"]["lat"] == 1);
  CHECK(body["push_name"] == "a\xEF\xBF\xBD");
}

TEST_CASE("contact ids are read in three shapes; a duplicate in the making is a conflict, never retried") {
  ClientBench bench;
  bench.transport.answer(200, R"({"contact_id":"c1"})");
  bench.transport.answer(200, R"({"id":17})");
  bench.transport.answer(200, R"({"contact":{"id":"c3"}})");
  bench.transport.answer(409);
  bench.transport.answer(500, "duplicate key value violates unique constraint");
  CHECK(*bench.finish(bench.client.resolve_contact({}, retrying())) == "c1");
  CHECK(*bench.finish(bench.client.resolve_contact({}, retrying())) == "17");
  CHECK(*bench.finish(bench.client.resolve_contact({}, retrying())) == "c3");
  for (int i = 0; i < 2; ++i)
    CHECK(bench.finish(bench.client.resolve_contact({}, retrying())).error().code == ErrorCode::kConflict);
  CHECK(bench.transport.requests.size() == 5);
}

TEST_CASE("a LID without a number is an answer, not an error, and not a missing endpoint") {
  ClientBench bench;
  bench.transport.answer(404);
  bench.transport.answer(200, "{}");
  bench.transport.answer(200, R"({"jid_pn":"55@s.whatsapp.net"})");
  CHECK_FALSE(bench.finish(bench.client.primary_jid("i", "9@lid", {})).value());
  CHECK_FALSE(bench.finish(bench.client.primary_jid("i", "9@lid", {})).value());
  CHECK(bench.finish(bench.client.primary_jid("i", "9@lid", {})).value() == "55@s.whatsapp.net");
}

TEST_CASE("a lock is held only when the edge says so for us") {
  const LockRequest request{"i1", "me:1", 30s};
  struct Case {
    int status;
    const char* body;
    std::optional<ErrorCode> error;
  };
  const Case cases[] = {
      {200, R"({"acquired":true,"instance_owner":"me:1","lock_token":"t","fence":3})", {}},
      {200, R"({"lock_acquired":true,"owner":"me:1","token":"t","fence":"3"})", {}},
      {200, R"({"acquired":false})", ErrorCode::kConflict},
      {200, R"({"acquired":true,"owner":"you:2","token":"t"})", ErrorCode::kConflict},
      {200, "{}", ErrorCode::kConflict},
      {409, "", ErrorCode::kConflict},
      {404, "", ErrorCode::kNotFound},
  };
  for (const auto& one : cases) {
    CAPTURE(one.body);
    ClientBench bench;
    bench.transport.answer(one.status, one.body);
    const auto grant = bench.finish(bench.client.acquire_lock(request, {}));
    if (one.error) {
      REQUIRE_FALSE(grant);
      CHECK(grant.error().code == *one.error);
    } else {
      REQUIRE(grant);
      CHECK(grant->token == "t");
      CHECK(grant->fence == 3);
    }
  }
}

TEST_CASE("a renewal that succeeded counts from the start of its own attempt") {
  ClientBench bench;
  bench.transport.answer(503, "", {{"Retry-After", "5"}});
  bench.transport.answer(200, "{}");
  const auto begin = bench.clock.now();
  const HeldLock lock{"i1", "me:1", "t", 30s};
  const auto grant = bench.finish(bench.client.renew_lock(lock, retrying()));
  REQUIRE(grant);
  CHECK(grant->requested_at == begin + 5s);
  CHECK(grant->token == "t");
}

TEST_CASE("a batch renewal names what was renewed") {
  ClientBench bench;
  bench.transport.answer(200,
                         R"({"locks":[{"instanceId":"a","fence":4},{"instanceId":"b","renewed":false}]})");
  LockBatch batch{"me:1", 30s, {{"a", "ta"}, {"b", "tb"}}};
  const auto grant = bench.finish(bench.client.renew_locks(batch, {}));
  REQUIRE(grant);
  REQUIRE(grant->renewed.size() == 1);
  CHECK(grant->renewed[0].fence == 4);
  CHECK(sent_body(bench)["locks"][1]["lock_token"] == "tb");
}

TEST_CASE("a claim waits longer than the edge may hold it back") {
  ClientBench bench;
  bench.transport.answer(200, R"({"messages":[{"id":"1","instanceId":"b","to":"55","body":"x"}]})");
  ClaimRequest claim;
  claim.instance_ids = {"a", "b"};
  claim.wait = 25s;
  const auto listing = bench.finish(bench.client.claim_messages(claim, {}));
  REQUIRE(listing);
  CHECK(listing->messages.at(0).instance_id == "b");
  CHECK(bench.transport.requests[0].total_timeout == 35s);
  CHECK(sent_body(bench)["wait_ms"] == 25'000);
}

TEST_CASE("media goes through as base64, with time by its size") {
  ClientBench bench;
  bench.transport.answer(200, R"({"media_url":"https://m/1"})");
  runtime::BytesSource file(base::Bytes((1u << 20) + 1, 'a'));
  MediaUpload upload{"i1", "WA1", "image/jpeg", "a\"b.jpg", &file};
  CHECK(*bench.finish(bench.client.upload_media(upload, {})) == "https://m/1");
  CHECK(bench.transport.requests[0].total_timeout == 34s);
  const auto body = sent_body(bench);
  const std::string text = body["bytes_base64"];
  CHECK(*base::from_base64(text) == base::Bytes((1u << 20) + 1, 'a'));
  CHECK(body["messageId"] == "WA1");
  CHECK(body["file_name"] == "a\"b.jpg");
}

TEST_CASE("media goes as a form when the edge takes forms; names cannot break out of it") {
  ClientBench bench;
  bench.transport.answer(200, R"({"media_url":"https://m/1"})");
  runtime::BytesSource file(base::to_bytes("the file"));
  MediaUpload upload{"i1", "WA1", "image/jpeg", "a\"\r\nX: y.jpg", &file};
  upload.form = MediaUpload::Form::kMultipart;
  CHECK(*bench.finish(bench.client.upload_media(upload, {})) == "https://m/1");
  const auto& request = bench.transport.requests[0];
  const std::string type{runtime::header(request.headers, "Content-Type")};
  REQUIRE(type.starts_with("multipart/form-data; boundary=wa-worker-"));
  const std::string boundary = type.substr(type.find('=') + 1);
  CHECK(request.body.starts_with("--" + boundary + "\r\n"));
  CHECK(request.body.ends_with("\r\n\r\nthe file\r\n--" + boundary + "--\r\n"));
  CHECK(request.body.contains("filename=\"aX: y.jpg\"\r\n"));
}

TEST_CASE("events carry their data beside the fixed names") {
  ClientBench bench;
  bench.transport.answer(204);
  Event event{"e1", "message.status", "i1", WallTime{std::chrono::seconds{1'767'225'600}},
              R"({"status":"read","id":"not this"})"};
  CHECK(bench.finish(bench.client.send_events({event}, {})));
  const auto sent = sent_body(bench)["events"][0];
  CHECK(sent["id"] == "e1");
  CHECK(sent["status"] == "read");
  CHECK(sent["at"] == "2026-01-01T00:00:00.000Z");
}
