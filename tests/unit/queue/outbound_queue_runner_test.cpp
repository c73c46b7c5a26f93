#include "queue/outbound_queue_runner.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "queue_bench.h"
#include "whatsapp/message/message_id.h"
#include "whatsapp/store/memory_device_store.h"

using namespace worker;
using namespace worker::testing;
using base::Error;
using base::ErrorCode;
using State = whatsapp::store::OutboundRow::State;

namespace {

const std::string kAna = "5511999990001", kBob = "5511999990002";
const std::string kAnaJid = kAna + "@s.whatsapp.net";

std::vector<std::string> bodies(const std::vector<PlayedSender::Write>& writes) {
  std::vector<std::string> out;
  for (const auto& write : writes) out.push_back(write.body);
  return out;
}

Error error(ErrorCode code, int detail = 0) { return Error{code, "played", detail}; }

}  // namespace

TEST_CASE(
    "nothing is asked or sent before the account is connected; then a message is sent and marked once") {
  World world;
  Life life(world);
  world.edge.put("q1", kAna, "hello");
  life.play(10s);
  CHECK(world.edge.polls == 0);
  CHECK(life.sender.writes.empty());

  life.connect();
  life.play(10s);
  REQUIRE(life.sender.writes.size() == 1);
  const auto& write = life.sender.writes[0];
  CHECK(write.to == kAnaJid);
  CHECK(write.body == "hello");
  CHECK(write.id == whatsapp::message::derive_message_id("inst", "q1"));
  REQUIRE(world.edge.sent.size() == 1);
  const auto& mark = world.edge.sent[0];
  CHECK(mark.message_id == "q1");
  CHECK(mark.instance_id == "inst");
  CHECK(mark.wa_message_id == write.id);
  CHECK(mark.send_debug.to_original == kAna);
  CHECK(mark.send_debug.to_normalized == kAnaJid);
  CHECK(mark.sent_at == edge::WallTime{1'760'000'100s});
  CHECK(world.edge.failed.empty());
  CHECK(life.counted == std::vector<std::string>{"sent", "marked"});

  const auto row = life.row("q1");
  CHECK(row.state == State::kMarked);
  CHECK(row.payload.empty());
  CHECK(row.stanza.empty());
}

TEST_CASE("the queue is polled at its pace while connected, and not while the connection is lost") {
  World world;
  Life life(world);
  life.connect();
  life.play(21s);
  CHECK(world.edge.polls >= 9);
  CHECK(world.edge.polls <= 11);
  life.disconnect();
  life.play(3s);
  const int polls = world.edge.polls;
  life.play(1min);
  CHECK(world.edge.polls == polls);
}

TEST_CASE("one chat keeps its order; a chat that hangs does not hold up the others") {
  World world;
  Life life(world);
  life.sender.silent_chat = kAnaJid;
  world.edge.put("a1", kAna, "a1");
  world.edge.put("b1", kBob, "b1");
  world.edge.put("a2", "+" + kAna, "a2");
  world.edge.put("b2", kBob + "@c.us", "b2");
  world.edge.put("b3", kBob, "b3");
  life.connect();
  life.play(10s);
  CHECK(bodies(life.sender.writes) == std::vector<std::string>{"a1", "b1", "b2", "b3"});
}

TEST_CASE("a message that is given out again and again while it is under way is sent once") {
  World world;
  Life life(world);
  life.sender.silent_chat = kAnaJid;
  world.edge.put("q1", kAna);
  world.edge.put("q1", kAna);
  life.connect();
  life.play(1min);
  CHECK(world.edge.polls > 10);
  CHECK(life.sender.writes.size() == 1);
}

TEST_CASE("an edge that forgets a mark is told again, with the same id, and nothing is sent again") {
  World world;
  world.edge.memory = QueueEdge::Memory::kForgetsMarks;
  std::string id;
  {
    Life life(world);
    world.edge.put("q1", kAna);
    life.connect();
    life.play(10s);
    REQUIRE(life.sender.writes.size() == 1);
    id = life.sender.writes[0].id;
    CHECK(world.edge.sent.size() > 2);
  }
  world.edge.sent.clear();
  Life next(world);
  next.connect();
  next.play(10s);
  CHECK(next.sender.writes.empty());
  REQUIRE_FALSE(world.edge.sent.empty());
  CHECK(world.edge.sent[0].wa_message_id == id);
  CHECK(world.edge.failed.empty());
}

TEST_CASE("a connection lost before the ack: after reconnecting the same bytes go out, never a mark-failed") {
  for (const auto code : {ErrorCode::kClosed, ErrorCode::kTimeout}) {
    World world;
    Life life(world);
    life.sender.errors = {error(code), error(code)};
    world.edge.put("q1", kAna);
    life.connect();
    life.play(2500ms);
    life.disconnect();
    const auto before = life.sender.writes.size();
    life.play(1min);
    CHECK(life.sender.writes.size() <= before + 1);
    life.connect();
    life.play(1min);
    REQUIRE(life.sender.writes.size() == 3);
    CHECK(life.sender.writes[0].how == "text");
    for (int again : {1, 2}) {
      CHECK(life.sender.writes[again].how == "resend");
      CHECK(life.sender.writes[again].stanza == life.sender.writes[0].stanza);
      CHECK(life.sender.writes[again].id == life.sender.writes[0].id);
    }
    CHECK(world.edge.sent.size() == 1);
    CHECK(world.edge.failed.empty());
  }
}

TEST_CASE("a crash between write and ack: the next life sends the same bytes before anything else") {
  World world;
  PlayedSender::Write first;
  {
    Life life(world);
    life.sender.silent_chat = kAnaJid;
    world.edge.put("q1", kAna, "once");
    life.connect();
    life.play(5s);
    REQUIRE(life.sender.writes.size() == 1);
    first = life.sender.writes[0];
  }
  Life next(world);
  next.play(5s);
  CHECK(next.sender.writes.empty());  // not connected yet
  next.connect();
  next.play(5s);
  REQUIRE(next.sender.writes.size() == 1);
  CHECK(next.sender.writes[0].how == "resend");
  CHECK(next.sender.writes[0].stanza == first.stanza);
  CHECK(next.sender.writes[0].id == first.id);
  REQUIRE(world.edge.sent.size() == 1);
  CHECK(world.edge.sent[0].wa_message_id == first.id);
}

TEST_CASE("a crash after the claim: the next life sends what was claimed, in its order, before it polls") {
  World world;
  {
    Life life(world);
    world.edge.put("q1", kAna, "one");
    world.edge.put("q2", kAna, "two");
    life.sender.silent_chat = kAnaJid;
    life.connect();
    life.play(3s);
  }
  world.edge.queue.clear();
  world.edge.put("q3", kAna, "three");
  Life next(world);
  next.connect();
  next.play(10s);
  REQUIRE(next.sender.writes.size() == 3);
  CHECK(next.sender.writes[0].how == "resend");
  CHECK(next.sender.writes[1].body == "two");
  CHECK(next.sender.writes[2].body == "three");
}

TEST_CASE("a mark-sent that is refused is tried for ever, across lives, and never becomes a mark-failed") {
  World world;
  world.edge.on_mark = [] { return base::Result<void>{base::fail(ErrorCode::kRejected, "HTTP 400", 400)}; };
  {
    Life life(world);
    world.edge.put("q1", kAna);
    life.connect();
    life.play(5min);
    CHECK(life.sender.writes.size() == 1);
    CHECK(life.row("q1").state == State::kSent);
  }
  Life next(world);
  next.play(1min);
  CHECK(world.edge.sent.empty());
  world.edge.on_mark = [] { return base::Result<void>{}; };
  next.play(15min);  // WhatsApp is not even connected
  CHECK(world.edge.sent.size() == 1);
  CHECK(world.edge.failed.empty());
  CHECK(next.sender.writes.empty());
  CHECK(next.row("q1").state == State::kMarked);
}

TEST_CASE("bytes that the server refuses in a later life are built anew under the same id, once") {
  World world;
  {
    Life life(world);
    life.sender.silent_chat = kAnaJid;
    world.edge.put("q1", kAna);
    life.connect();
    life.play(5s);
  }
  Life next(world);
  next.sender.errors = {error(ErrorCode::kRejected, 479)};
  next.connect();
  next.play(10s);
  REQUIRE(next.sender.writes.size() == 2);
  CHECK(next.sender.writes[0].how == "resend");
  CHECK(next.sender.writes[1].how == "text");
  CHECK(next.sender.writes[1].id == next.sender.writes[0].id);
  CHECK(world.edge.sent.size() == 1);
}

TEST_CASE("a stanza that went with its link is built anew under the same id") {
  World world;
  {
    Life life(world);
    life.sender.silent_chat = kAnaJid;
    world.edge.put("q1", kAna);
    life.connect();
    life.play(5s);
  }
  REQUIRE(whatsapp::store::SqliteDeviceStore::open({world.folder.path()}).value()->forget_link(std::nullopt));
  Life next(world);
  next.connect();
  next.play(5s);
  REQUIRE(next.sender.writes.size() == 1);
  CHECK(next.sender.writes[0].how == "text");
  CHECK(next.sender.writes[0].id == whatsapp::message::derive_message_id("inst", "q1"));
  CHECK(world.edge.sent.size() == 1);
}

TEST_CASE("a time lock fails the message at once and is not provoked again") {
  World world;
  Life life(world);
  life.sender.errors = {error(ErrorCode::kRejected, 463)};
  world.edge.put("q1", kAna);
  life.connect();
  life.play(1min);
  CHECK(life.sender.writes.size() == 1);
  REQUIRE(world.edge.failed.size() == 1);
  CHECK(world.edge.failed[0].error_code == "reachout_timelock");
  CHECK(world.edge.failed[0].retryable == edge::Retryable::kNo);
  CHECK(world.edge.sent.empty());
}

TEST_CASE(
    "a server that cannot now is asked a few times with the same bytes, then the message fails retryably") {
  World world;
  Life life(world);
  for (int i = 0; i < 5; ++i) life.sender.errors.push_back(error(ErrorCode::kRejected, 503));
  world.edge.put("q1", kAna);
  life.connect();
  life.play(5min);
  CHECK(life.sender.writes.size() == 5);
  CHECK(life.sender.writes[4].stanza == life.sender.writes[0].stanza);
  REQUIRE(world.edge.failed.size() == 1);
  CHECK(world.edge.failed[0].error_code == "rejected_by_server");
  CHECK(world.edge.failed[0].retryable == edge::Retryable::kYes);
}

TEST_CASE("what cannot be sent is marked failed with the contract's word and what was understood") {
  World world;
  Life life(world);
  world.edge.put("invalid", "somebody");
  world.edge.put("lid", "123456789012345@lid");
  world.edge.put("media", kAna);
  world.edge.queue.back().media = edge::QueuedMedia{"https://gone/y", "image", "image/png", "y.png"};
  world.edge.queue.back().type = "image";
  world.edge.put("kind", kAna);
  world.edge.queue.back().type = "buttons";
  world.edge.put("poor", kAna);
  world.edge.queue.back().type = "location";
  world.edge.put("old", kAna);
  world.edge.queue.back().expires_at = world.clock.wall_now() - 1s;
  world.edge.malformed.push_back({"malformed", "inst", "", "no destination"});
  life.connect();
  life.play(10s);

  CHECK(life.sender.writes.empty());
  std::map<std::string, edge::MarkFailed> failed;
  for (const auto& mark : world.edge.failed) failed[mark.message_id] = mark;
  REQUIRE(failed.size() == 7);
  CHECK(world.edge.failed.size() == 7);
  CHECK(failed["poor"].error_code == "malformed-message");
  CHECK(failed["invalid"].error == "invalid_destination");
  CHECK(failed["invalid"].send_debug.to_original == "somebody");
  CHECK(failed["lid"].error == "lid_without_mapping");
  CHECK(failed["lid"].send_debug.to_original == "123456789012345@lid");
  CHECK(failed["media"].error_code == "media_download_failed");
  CHECK(failed["kind"].error_code == "unsupported_kind");
  CHECK(failed["old"].error == "expired");
  CHECK(failed["malformed"].error == "malformed-message");
  CHECK(failed["malformed"].send_debug.result == "no destination");
  for (const auto& [id, mark] : failed) CHECK(mark.retryable == edge::Retryable::kNo);
}

TEST_CASE(
    "a LID becomes its phone number: from the account's own map, else from the edge, which is asked once") {
  World world;
  Life life(world);
  life.sender.own_map["111111111111111"] = kAna;
  world.edge.on_primary_jid = [] {
    return base::Result<std::optional<std::string>>{kBob + "@s.whatsapp.net"};
  };
  world.edge.put("q1", "111111111111111@lid", "own");
  world.edge.put("q2", "222222222222222@lid", "edge");
  world.edge.put("q3", "222222222222222:5@lid", "again");
  life.connect();
  life.play(10s);
  REQUIRE(life.sender.writes.size() == 3);
  CHECK(life.sender.writes[0].to == kAnaJid);
  CHECK(life.sender.writes[1].to == kBob + "@s.whatsapp.net");
  CHECK(world.edge.lids_asked == std::vector<std::string>{"222222222222222@lid"});
  REQUIRE(world.edge.sent.size() == 3);
  CHECK(world.edge.sent[0].send_debug.to_original == "111111111111111@lid");
  CHECK(world.edge.sent[0].send_debug.to_normalized == kAnaJid);
}

TEST_CASE("an edge that cannot say now does not make a LID one without a mapping") {
  World world;
  Life life(world);
  bool away = true;
  world.edge.on_primary_jid = [&]() -> base::Result<std::optional<std::string>> {
    if (away) return base::fail(ErrorCode::kUnavailable, "HTTP 503", 503);
    return std::optional<std::string>{kBob + "@s.whatsapp.net"};
  };
  world.edge.put("q1", "222222222222222@lid");
  life.connect();
  life.play(30s);
  CHECK(world.edge.failed.empty());
  away = false;
  life.play(2min);
  CHECK(world.edge.sent.size() == 1);
}

TEST_CASE("an edge without mark-failed gives the message out for ever: it is neither sent nor forgotten") {
  World world;
  Life life(world);
  int marks = 0;
  world.edge.on_mark = [&] {
    ++marks;
    return base::Result<void>{base::fail(ErrorCode::kNotFound, "no such endpoint", 404)};
  };
  world.edge.put("q1", "somebody");
  life.connect();
  life.play(5min);
  CHECK(marks > 1);
  CHECK(life.sender.writes.empty());
  CHECK(life.row("q1").state == State::kUnmarkable);
  world.edge.on_mark = [] { return base::Result<void>{}; };  // an upgrade of the edge
  life.play(10s);
  CHECK(world.edge.failed.size() == 1);
  CHECK(life.row("q1").state == State::kMarked);
}

TEST_CASE("a failed message that somebody queues again is tried again, a stale listing is not") {
  World world;
  Life life(world);
  life.sender.errors = {error(ErrorCode::kRejected, 463)};
  world.edge.memory = QueueEdge::Memory::kForgetsMarks;
  world.edge.put("q1", kAna);
  life.connect();
  life.play(30s);
  CHECK(life.sender.writes.size() == 1);
  CHECK(world.edge.failed.size() == 1);
  life.play(40s);
  CHECK(life.sender.writes.size() == 2);
  CHECK(life.sender.writes[1].id == life.sender.writes[0].id);
  REQUIRE_FALSE(world.edge.sent.empty());
  CHECK(world.edge.sent[0].wa_message_id == life.sender.writes[0].id);
}

TEST_CASE("no more than the bound is claimed at a time; the rest waits at the edge") {
  World world;
  Life life(world);
  life.sender.silent_chat = kAnaJid;
  for (int i = 0; i < 150; ++i) world.edge.put("a" + std::to_string(i), kAna);
  world.edge.put("b", kBob);
  life.connect();
  life.play(10s);
  CHECK(life.runner.unsent() == QueueSettings{}.most_unsent);
  CHECK(life.sender.writes.size() == 1);
}

TEST_CASE("what cannot be journalled is not sent; when the disk has room it is") {
  World world;
  auto owned = std::make_unique<whatsapp::store::MemoryDeviceStore>();
  auto* device = owned.get();
  Life life(world, std::move(owned));
  device->fail_commits_with(error(ErrorCode::kIo));
  world.edge.put("q1", kAna);
  life.connect();
  life.play(30s);
  CHECK(life.sender.writes.empty());
  CHECK(world.edge.failed.empty());
  device->fail_commits_with(std::nullopt);
  life.play(2min);
  CHECK(life.sender.writes.size() == 1);
  CHECK(world.edge.sent.size() == 1);
}

TEST_CASE("a file is prepared first; while its host cannot be reached it is tried again") {
  World world;
  Life life(world);
  world.edge.put("m1", kAna, "look");
  world.edge.queue.back().media = edge::QueuedMedia{"https://x/y.png", "image", "image/png", "y.png"};
  world.edge.queue.back().type = "image";
  life.media.errors.push_back({base::ErrorCode::kTimeout, "slow"});
  life.connect();
  life.play(30s);

  CHECK(life.media.orders == std::vector<std::string>{"https://x/y.png", "https://x/y.png"});
  REQUIRE(life.sender.writes.size() == 1);
  CHECK(life.sender.writes[0].body == "look at /prepared");
  REQUIRE(world.edge.sent.size() == 1);
}
