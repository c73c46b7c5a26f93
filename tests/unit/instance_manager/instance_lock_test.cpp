#include "instance_manager/instance_lock.h"

#include <doctest/doctest.h>

#include "fake_edge.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using runtime::Task;
using worker::InstanceLock;

namespace {

struct Fixture {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  worker::testing::FakeEdge edge{clock};
  runtime::TaskScope scope{loop};
  worker::LockSettings settings{.owner = "host:1:w", .ttl = 30s, .renew = 15s};
  std::unique_ptr<InstanceLock> lock;
  std::string lost;
  base::Clock::time_point lost_at;
  std::optional<base::Error> refused;

  Fixture() {
    edge.on_acquire = [](const auto&) -> base::Result<edge::LockGrant> {
      return edge::LockGrant{
          .owner = "host:1:w", .token = "t1", .fence = 7, .expires_at = {}, .requested_at = {}};
    };
    edge.on_renew = [](const auto&) -> base::Result<edge::LockGrant> { return edge::LockGrant{}; };
  }

  static Task<void> take(Fixture* self) {
    auto lock = co_await InstanceLock::acquire(self->loop, self->edge, self->settings, "shop", base::Log{});
    if (lock) {
      self->lock = std::move(*lock);
      self->lock->keep([self](std::string why) {
        self->lost = std::move(why);
        self->lost_at = self->clock.now();
      });
    } else {
      self->refused = lock.error();
    }
  }
  static Task<void> give_back(Fixture* self) { co_await self->lock->release(); }

  void acquire() {
    scope.spawn(take(this));
    loop.run_until_idle();
  }
  void release() {
    scope.spawn(give_back(this));
    loop.run_until_idle();
  }
  void pass(base::Duration time) {
    for (base::Duration passed{0}; passed < time; passed += 100ms) {
      clock.advance(100ms);
      loop.run_until_idle();
    }
  }
  base::Result<edge::LockGrant> edge_down() const { return base::fail(ErrorCode::kUnavailable, "503"); }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a lock that is renewed is kept for hours, then given back with its token") {
  acquire();
  REQUIRE(lock);
  CHECK(lock->fence() == 7u);
  pass(10min);
  CHECK(lost.empty());
  release();
  REQUIRE(edge.released.size() == 1);
  CHECK(edge.released[0].token == "t1");
  CHECK(edge.released[0].instance_id == "shop");
}

TEST_CASE_FIXTURE(Fixture, "without a renewal it is lost at 80 % of the TTL, counted from the last success") {
  acquire();
  const auto start = clock.now();
  pass(16s);  // one renewal succeeded at 15 s
  edge.on_renew = [this](const auto&) { return edge_down(); };
  pass(60s);
  CHECK(lost == "lock_not_renewed");
  CHECK(lost_at - start >= 39s);
  CHECK(lost_at - start < 39s + 200ms);
  release();
  CHECK(edge.released.empty());
}

TEST_CASE_FIXTURE(Fixture, "one failed renewal is survived when the next one succeeds in time") {
  settings.renew = 10s;
  acquire();
  edge.on_renew = [this](const auto&) { return edge_down(); };
  pass(11s);
  edge.on_renew = [](const auto&) -> base::Result<edge::LockGrant> { return edge::LockGrant{}; };
  pass(5min);
  CHECK(lost.empty());
  release();
}

TEST_CASE_FIXTURE(Fixture, "a lock taken by another owner is lost at once and never released by us") {
  acquire();
  edge.on_renew = [](const auto&) -> base::Result<edge::LockGrant> {
    return base::fail(ErrorCode::kConflict, "lock_conflict", 409);
  };
  pass(15s);
  CHECK(lost == "lock_taken");
  release();
  CHECK(edge.released.empty());
}

TEST_CASE_FIXTURE(Fixture, "a token that changes with a renewal is the one that counts") {
  acquire();
  edge.on_renew = [](const auto&) -> base::Result<edge::LockGrant> {
    return edge::LockGrant{.owner = {}, .token = "t2", .fence = 8, .expires_at = {}, .requested_at = {}};
  };
  pass(15s);
  release();
  REQUIRE(edge.released.size() == 1);
  CHECK(edge.released[0].token == "t2");
}

TEST_CASE_FIXTURE(Fixture, "a lock held elsewhere is a conflict and nothing is kept") {
  edge.on_acquire = [](const auto&) -> base::Result<edge::LockGrant> {
    return base::fail(ErrorCode::kConflict, "lock_conflict", 409);
  };
  acquire();
  REQUIRE(refused);
  CHECK(refused->code == ErrorCode::kConflict);
}
