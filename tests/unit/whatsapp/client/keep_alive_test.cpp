#include "whatsapp/client/keep_alive.h"

#include <doctest/doctest.h>

#include <optional>

#include "runtime/task_scope.h"
#include "unit/whatsapp/client/fake_channel.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::KeepAlive;
using whatsapp::test::FakeChannel;

namespace {

runtime::Task<void> watch(KeepAlive& life, FakeChannel& channel, std::optional<base::Error>& end) {
  end = co_await life.watch(channel);
}

/// A connection that lives as long as the test says so.
struct Watched {
  explicit Watched(std::uint64_t seed = 1) : random(seed), life(loop, random, {}) {
    scope.spawn(watch(life, channel, end));
  }
  ~Watched() {
    channel.close();
    scope.cancel();
    loop.run_until_idle();
  }

  /// Second by second; each may bring bytes.
  void pass(std::chrono::seconds time, std::chrono::seconds input_every = 0s) {
    for (auto t = 1s; t <= time; ++t) {
      clock.advance(1s);
      if (input_every > 0s && t % input_every == 0s) life.on_input();
      loop.run_until_idle();
    }
  }
  void answer_pings() {
    channel.respond = [this](const whatsapp::binary::Node&) {
      life.on_input();
      return whatsapp::test::iq_result();
    };
  }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  base::SeededRandom random;
  FakeChannel channel{loop};
  KeepAlive life;
  runtime::TaskScope scope{loop};
  std::optional<base::Error> end;
};

}  // namespace

TEST_CASE("a silent connection is asked within 20 to 30 s and dead within 50 s") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Watched watched(seed);
    watched.pass(19s);
    CHECK(watched.channel.sent.empty());
    watched.pass(11s);
    REQUIRE(watched.channel.sent.size() == 1);
    CHECK(watched.channel.sent[0].attr_is("xmlns", "w:p"));
    CHECK(watched.channel.sent[0].attr_is("type", "get"));
    watched.pass(20s);
    REQUIRE(watched.end);
    CHECK(watched.end->code == ErrorCode::kTimeout);
  }
}

TEST_CASE("a connection on which something arrives is never asked") {
  Watched watched;
  watched.pass(3'600s, 10s);
  CHECK(watched.channel.sent.empty());
  CHECK_FALSE(watched.end);
}

TEST_CASE("answered pings go on for hours, 20 to 30 s apart") {
  Watched watched;
  watched.answer_pings();
  watched.pass(3'600s);
  CHECK_FALSE(watched.end);
  CHECK(watched.channel.sent.size() >= 3'600 / 31);
  CHECK(watched.channel.sent.size() <= 3'600 / 20);
}

TEST_CASE("an error is an answer, too") {
  Watched watched;
  watched.channel.respond = [](const whatsapp::binary::Node&) { return whatsapp::test::iq_failure(400); };
  watched.pass(300s);
  CHECK_FALSE(watched.end);
}

TEST_CASE("a request into silence is found dead within 30 s, however many are waiting") {
  Watched watched;
  watched.pass(5s);
  for (int i = 0; i < 50; ++i) watched.life.on_request();
  watched.pass(9s);
  CHECK(watched.channel.sent.empty());
  watched.pass(21s);
  REQUIRE(watched.end);
  CHECK(watched.end->code == ErrorCode::kTimeout);
  CHECK(watched.channel.sent.size() == 1);
}

TEST_CASE("a byte after the request disarms the suspicion") {
  Watched watched;
  watched.life.on_request();
  watched.pass(5s);
  watched.life.on_input();
  watched.pass(14s);
  CHECK(watched.channel.sent.empty());
}

TEST_CASE("bytes without a single answer keep a connection alive for 3 min at most") {
  Watched watched;
  watched.pass(100s, 35s);
  CHECK_FALSE(watched.end);
  watched.pass(200s, 35s);
  REQUIRE(watched.end);
  CHECK(watched.end->code == ErrorCode::kTimeout);
}

TEST_CASE("an hour of traffic does not count against the first unanswered ping") {
  Watched watched;
  watched.pass(3'600s, 10s);
  watched.pass(40s, 35s);
  CHECK(watched.channel.sent.size() >= 1);
  CHECK_FALSE(watched.end);
}

TEST_CASE("the end of the connection ends the watch") {
  Watched watched;
  watched.pass(30s);
  watched.channel.close();
  watched.loop.run_until_idle();
  REQUIRE(watched.end);
  CHECK(watched.end->code == ErrorCode::kClosed);
}
