#include "runtime/keyed_lanes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct Bench {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  runtime::TaskScope scope{loop};
  std::vector<std::string> log;
  int at_once = 0, most_at_once = 0;

  void turn(base::Duration time) {
    clock.advance(time);
    loop.run_until_idle();
  }
};

runtime::Task<void> job(Bench& bench, std::string name, base::Duration takes) {
  bench.log.push_back("+" + name);
  bench.most_at_once = std::max(bench.most_at_once, ++bench.at_once);
  (void)co_await runtime::sleep_for(bench.loop, takes);
  --bench.at_once;
  bench.log.push_back("-" + name);
}

runtime::Task<void> note(std::vector<int>& out, int value) {
  out.push_back(value);
  co_return;
}

runtime::Task<void> shut(runtime::TaskScope& scope) { co_await scope.close(); }

}  // namespace

TEST_CASE("one key's tasks run in order, different keys side by side") {
  Bench bench;
  runtime::KeyedLanes lanes(bench.scope, 8);
  lanes.add("a", job(bench, "a1", 2s));
  lanes.add("a", job(bench, "a2", 1s));
  lanes.add("b", job(bench, "b1", 1s));
  CHECK(bench.log == std::vector<std::string>{"+a1", "+b1"});
  CHECK(lanes.pending() == 3);
  for (int i = 0; i < 4; ++i) bench.turn(1s);
  CHECK(bench.log == std::vector<std::string>{"+a1", "+b1", "-b1", "-a1", "+a2", "-a2"});
  CHECK(lanes.pending() == 0);
  CHECK(bench.scope.running() == 0);
}

TEST_CASE("no more than the bound run at a time, and a busy key lets the others pass") {
  Bench bench;
  runtime::KeyedLanes lanes(bench.scope, 1);
  for (const char* name : {"a1", "a2", "a3"}) lanes.add("a", job(bench, name, 1s));
  lanes.add("b", job(bench, "b1", 1s));
  for (int i = 0; i < 5; ++i) bench.turn(1s);
  CHECK(bench.most_at_once == 1);
  CHECK(bench.log == std::vector<std::string>{"+a1", "-a1", "+b1", "-b1", "+a2", "-a2", "+a3", "-a3"});
}

TEST_CASE("many tasks that never wait run in order without growing the stack") {
  Bench bench;
  std::vector<int> order;
  runtime::KeyedLanes lanes(bench.scope, 2);
  lanes.add("a", job(bench, "first", 1s));
  for (int i = 0; i < 100'000; ++i) lanes.add("a", note(order, i));
  bench.turn(1s);
  CHECK(order.size() == 100'000);
  CHECK(std::ranges::is_sorted(order));
}

TEST_CASE("a cancelled scope starts nothing more") {
  Bench bench;
  runtime::TaskScope outer(bench.loop);
  runtime::KeyedLanes lanes(bench.scope, 1);
  lanes.add("a", job(bench, "a1", 1h));
  lanes.add("a", job(bench, "a2", 1h));
  outer.spawn(shut(bench.scope));
  bench.loop.run_until_idle();
  CHECK(bench.scope.running() == 0);
  lanes.add("b", job(bench, "b1", 1h));
  CHECK(bench.log == std::vector<std::string>{"+a1", "-a1"});
}
