#include "instance_manager/start_budget.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;

TEST_CASE("a burst goes at once, then starts come at the rate, and idle time fills the bucket again") {
  base::ManualClock clock;
  worker::StartBudget budget({.per_second = 10, .burst = 3}, clock);
  for (int i = 0; i < 3; ++i) CHECK(budget.take() == 0ms);
  CHECK(budget.take() == 100ms);
  CHECK(budget.take() == 200ms);
  clock.advance(1s);
  for (int i = 0; i < 3; ++i) CHECK(budget.take() == 0ms);
  CHECK(budget.take() == 100ms);
}
