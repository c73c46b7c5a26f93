#include <doctest/doctest.h>

#include "edge_bench.h"

using namespace std::chrono_literals;
using namespace edge_server;
using base::ErrorCode;

namespace {

base::Result<edge::LockGrant> acquire(EdgeBench& bench, const char* owner, base::Duration ttl = 30s) {
  return bench.await(bench.client->acquire_lock({"i1", owner, ttl}, {}));
}

base::Result<edge::LockGrant> renew(EdgeBench& bench, const edge::LockGrant& lock, base::Duration ttl = 30s) {
  return bench.await(bench.client->renew_lock({"i1", lock.owner, lock.token, ttl}, {}));
}

}  // namespace

TEST_CASE("two owners: one holds, the other waits until the lock has run out") {
  EdgeBench bench;
  bench.create("i1");
  const auto first = acquire(bench, "a:1");
  REQUIRE(first);
  CHECK(first->fence == 1);
  CHECK(acquire(bench, "b:2").error().code == ErrorCode::kConflict);
  bench.clock.advance(29s);
  CHECK(acquire(bench, "b:2").error().code == ErrorCode::kConflict);
  bench.clock.advance(1s);
  const auto second = acquire(bench, "b:2");
  REQUIRE(second);
  CHECK(second->fence == 2);
  CHECK(renew(bench, *first).error().code == ErrorCode::kConflict);
  CHECK(renew(bench, *second));
}

TEST_CASE("renewing prolongs, also after the end when nobody took it, and keeps token and fence") {
  EdgeBench bench;
  bench.create("i1");
  const auto lock = acquire(bench, "a:1");
  bench.clock.advance(20s);
  REQUIRE(renew(bench, *lock));
  bench.clock.advance(20s);
  CHECK(acquire(bench, "b:2").error().code == ErrorCode::kConflict);
  bench.clock.advance(60s);
  const auto late = renew(bench, *lock);
  REQUIRE(late);
  CHECK(late->fence == lock->fence);
  CHECK(late->token == lock->token);
}

TEST_CASE("a released lock is free at once; releasing with another token changes nothing") {
  EdgeBench bench;
  bench.create("i1");
  const auto lock = acquire(bench, "a:1");
  CHECK(bench.await(bench.client->release_lock({"i1", "a:1", "not the token", 30s}, "", {})));
  CHECK(acquire(bench, "b:2").error().code == ErrorCode::kConflict);
  CHECK(bench.await(bench.client->release_lock({"i1", "a:1", lock->token, 30s}, "", {})));
  const auto next = acquire(bench, "b:2");
  REQUIRE(next);
  CHECK(next->fence == 2);
}

TEST_CASE("the same owner that acquires again gets a higher fence and the old token dies") {
  EdgeBench bench;
  bench.create("i1");
  const auto before = acquire(bench, "a:1");
  const auto after = acquire(bench, "a:1");
  REQUIRE(after);
  CHECK(*after->fence > *before->fence);
  CHECK(renew(bench, *before).error().code == ErrorCode::kConflict);
}

TEST_CASE("a call with an older fence is void, with the current one or none it counts") {
  EdgeBench bench;
  bench.create("i1");
  const auto old = acquire(bench, "a:1", 5s);
  bench.clock.advance(5s);
  const auto current = acquire(bench, "b:2");
  edge::StatusUpdate update;
  update.instance_id = "i1";
  update.status = edge::InstanceStatus::kConnected;
  edge::Call stale;
  stale.fence = old->fence;
  const auto refused = bench.await(bench.client->update_status(update, stale));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == 409);
  CHECK(bench.json("GET", "/v1/instances/i1")["status"] == "DISCONNECTED");
  edge::Call fresh;
  fresh.fence = current->fence;
  CHECK(bench.await(bench.client->update_status(update, fresh)));
  CHECK(bench.await(bench.client->update_status(update, {})));
  CHECK(bench.json("GET", "/v1/instances/i1")["status"] == "CONNECTED");
  CHECK(bench.json("GET", "/v1/instances/i1")["worker"] == "b:2");
  bench.clock.advance(31s);
  CHECK(bench.json("GET", "/v1/instances/i1")["worker"].is_null());
}

TEST_CASE("the fence of an instance that was deleted and made again goes on where it was") {
  EdgeBench bench;
  bench.create("i1");
  CHECK(acquire(bench, "a:1")->fence == 1);
  CHECK(bench.ask("DELETE", "/v1/instances/i1").status == 204);
  CHECK(acquire(bench, "b:2").error().code == ErrorCode::kNotFound);
  bench.create("i1");
  CHECK(acquire(bench, "b:2")->fence == 2);
}

TEST_CASE("a batch renews what is held and names what is not") {
  EdgeBench bench;
  bench.create("i1");
  bench.create("i2");
  const auto one = acquire(bench, "a:1");
  edge::LockBatch batch{"a:1", 30s, {{"i1", one->token}, {"i2", "never had it"}}};
  const auto grant = bench.await(bench.client->renew_locks(batch, {}));
  REQUIRE(grant);
  REQUIRE(grant->renewed.size() == 1);
  CHECK(grant->renewed[0].instance_id == "i1");
  CHECK(grant->renewed[0].fence == 1);
}
