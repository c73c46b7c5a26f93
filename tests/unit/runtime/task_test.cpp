#include "runtime/task.h"

#include <doctest/doctest.h>

#include <vector>

#include "runtime/async_mutex.h"
#include "runtime/blocking_executor.h"
#include "runtime/task_scope.h"

using namespace std::chrono_literals;
using runtime::Done;
using runtime::EventLoop;
using runtime::OneShot;
using runtime::Task;
using runtime::TaskScope;

namespace {

Task<int> add_later(EventLoop& loop, int a, int b) {
  (void)co_await runtime::sleep_for(loop, 10ms);
  co_return a + b;
}

Task<void> sum_into(EventLoop& loop, int& out) { out = co_await add_later(loop, 2, 3); }

Task<int> at_once(int value) { co_return value; }

Task<void> count_many(int& out) {
  for (int i = 0; i < 200'000; ++i) out += co_await at_once(1);
}

Task<void> record_end(EventLoop& loop, base::ErrorCode& out) {
  const auto slept = co_await runtime::sleep_for(loop, 1h);
  if (!slept) out = slept.error().code;
}

Task<void> close_then_mark(TaskScope& scope, bool& closed) {
  co_await scope.close();
  closed = true;
}

Task<void> hold(EventLoop& loop, runtime::AsyncMutex& mutex, std::vector<int>& order, int who) {
  const auto held = co_await mutex.lock();
  if (!held) co_return;
  order.push_back(who);
  (void)co_await runtime::sleep_for(loop, 1ms);
}

}  // namespace

TEST_CASE("a task that sleeps wakes when the clock is advanced, not before") {
  base::ManualClock clock;
  EventLoop loop(clock);
  TaskScope scope(loop);
  int sum = 0;
  scope.spawn(sum_into(loop, sum));
  loop.run_until_idle();
  CHECK(sum == 0);
  clock.advance(10ms);
  loop.run_until_idle();
  CHECK(sum == 5);
  CHECK(scope.running() == 0);
}

TEST_CASE("a loop of tasks that finish at once does not grow the stack") {
  base::ManualClock clock;
  EventLoop loop(clock);
  TaskScope scope(loop);
  int count = 0;
  scope.spawn(count_many(count));
  CHECK(count == 200'000);
}

TEST_CASE("closing a scope wakes its sleepers with kCancelled and waits for them") {
  base::ManualClock clock;
  EventLoop loop(clock);
  TaskScope scope(loop);
  TaskScope outer(loop);
  auto code = base::ErrorCode::kIo;
  bool closed = false;
  scope.spawn(record_end(loop, code));
  outer.spawn(close_then_mark(scope, closed));
  loop.run_until_idle();
  CHECK(code == base::ErrorCode::kCancelled);
  CHECK(closed);
}

TEST_CASE("a mutex is handed on in the order of asking") {
  base::ManualClock clock;
  EventLoop loop(clock);
  TaskScope scope(loop);
  runtime::AsyncMutex mutex(loop);
  std::vector<int> order;
  for (int who = 0; who < 4; ++who) scope.spawn(hold(loop, mutex, order, who));
  for (int i = 0; i < 8; ++i) {
    clock.advance(1ms);
    loop.run_until_idle();
  }
  CHECK(order == std::vector<int>{0, 1, 2, 3});
  CHECK_FALSE(mutex.locked());
}

namespace {
Task<void> compute(runtime::BlockingExecutor::Lane lane, std::vector<int>& out, int value) {
  const auto job = [value] { return value * value; };
  out.push_back(co_await lane.run(job));
}
}  // namespace

TEST_CASE("jobs of a lane run in order on another thread") {
  base::SystemClock clock;
  EventLoop loop(clock);
  TaskScope scope(loop);
  TaskScope outer(loop);
  std::vector<int> squares;
  runtime::BlockingExecutor executor(2);
  auto lane = executor.lane(loop);
  for (int i = 1; i <= 5; ++i) scope.spawn(compute(lane, squares, i));
  struct Stop {
    static Task<void> when_done(TaskScope& jobs, EventLoop& loop) {
      co_await jobs.join();
      loop.stop();
    }
  };
  outer.spawn(Stop::when_done(scope, loop));
  loop.run();
  CHECK(squares == std::vector<int>{1, 4, 9, 16, 25});
}
