#include "base/clock.h"

#include <doctest/doctest.h>

using namespace base;
using namespace std::chrono_literals;

TEST_CASE("a manual clock moves both times when told to, and tells its listener") {
  ManualClock clock{Clock::wall_time{1'700'000'000'500ms}};
  const auto before = clock.now();
  int told = 0;
  clock.on_advance([&] { ++told; });
  clock.advance(1500ms);
  CHECK(clock.now() - before == 1500ms);
  CHECK(clock.unix_millis() == 1'700'000'002'000);
  CHECK(clock.unix_seconds() == 1'700'000'002);
  CHECK(told == 1);
}

TEST_CASE("a jump of the wall clock leaves deadlines alone") {
  ManualClock clock{Clock::wall_time{1'700'000'000s}};
  const auto before = clock.now();
  clock.jump_wall(-3600s);
  CHECK(clock.now() == before);
  CHECK(clock.unix_seconds() == 1'699'996'400);
}

TEST_CASE("seconds are rounded down, before the epoch, too") {
  CHECK(ManualClock{Clock::wall_time{1999ms}}.unix_seconds() == 1);
  CHECK(ManualClock{Clock::wall_time{-1ms}}.unix_seconds() == -1);
}

TEST_CASE("the system clock tells a plausible time and never goes backwards") {
  const SystemClock clock;
  CHECK(clock.unix_seconds() > 1'700'000'000);
  const auto first = clock.now();
  CHECK(clock.now() >= first);
}
