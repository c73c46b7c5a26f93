#include "runtime/async_semaphore.h"

#include <doctest/doctest.h>

#include <vector>

#include "runtime/task_scope.h"

using namespace std::chrono_literals;
using runtime::EventLoop;
using runtime::Task;

namespace {

Task<void> hold(EventLoop& loop, runtime::AsyncSemaphore& slots, std::vector<int>& order, int who) {
  const auto slot = co_await slots.take_until(loop.clock().now() + 10s);
  order.push_back(slot ? who : -who);
  if (slot) (void)co_await runtime::sleep_for(loop, 6s);
}

}  // namespace

TEST_CASE("slots go round in the order of asking; who waits too long gives up") {
  base::ManualClock clock;
  EventLoop loop(clock);
  runtime::TaskScope scope(loop);
  runtime::AsyncSemaphore slots(loop, 2);
  std::vector<int> order;
  for (int who = 1; who <= 6; ++who) scope.spawn(hold(loop, slots, order, who));
  loop.run_until_idle();
  CHECK(order == std::vector{1, 2});
  clock.advance(6s);
  loop.run_until_idle();
  CHECK(order == std::vector{1, 2, 3, 4});
  clock.advance(4s);
  loop.run_until_idle();
  CHECK(order == std::vector{1, 2, 3, 4, -5, -6});
  clock.advance(6s);
  loop.run_until_idle();
  scope.spawn(hold(loop, slots, order, 7));
  CHECK(order.back() == 7);
  clock.advance(6s);
  loop.run_until_idle();
  CHECK(scope.running() == 0);
}
