#include "whatsapp/client/query_budget.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "base/random.h"

using namespace std::chrono_literals;
using whatsapp::QueryBudget;
using Kind = QueryBudget::Kind;
using Urgency = QueryBudget::Urgency;

namespace {

struct Bench {
  base::ManualClock clock;
  base::SeededRandom random{7};
  QueryBudget budget{clock, random};
};

}  // namespace

TEST_CASE("a burst goes through at once, what follows is dealt out by the rate, in order") {
  Bench bench;
  bench.budget.set_limit(Kind::kUsync, {.per_second = 2, .burst = 3});
  for (int i = 0; i < 3; ++i) CHECK(bench.budget.reserve(Kind::kUsync, 0s) == base::Duration::zero());
  CHECK(bench.budget.reserve(Kind::kUsync, 10s) == base::Duration{500});
  CHECK(bench.budget.reserve(Kind::kUsync, 10s) == base::Duration{1000});
  CHECK_FALSE(bench.budget.reserve(Kind::kUsync, 1s));
  CHECK(bench.budget.counters(Kind::kUsync).granted == 5);
  CHECK(bench.budget.counters(Kind::kUsync).delayed == 2);
  CHECK(bench.budget.counters(Kind::kUsync).denied == 1);
  bench.clock.advance(1500ms);
  CHECK(bench.budget.reserve(Kind::kUsync, 0s) == base::Duration::zero());
}

TEST_CASE("one kind that is used up does not hold up another") {
  Bench bench;
  while (bench.budget.reserve(Kind::kGroupList, 0s)) {
  }
  CHECK(bench.budget.reserve(Kind::kGroupQuery, 0s) == base::Duration::zero());
}

TEST_CASE("B5: the daily cap of number checks holds until a day has passed") {
  Bench bench;
  bench.budget.set_limit(Kind::kNumberCheck, {.per_second = 100, .burst = 100, .per_day = 2});
  CHECK(bench.budget.reserve(Kind::kNumberCheck, 0s));
  CHECK(bench.budget.reserve(Kind::kNumberCheck, 0s));
  CHECK_FALSE(bench.budget.reserve(Kind::kNumberCheck, 1h));
  CHECK(bench.budget.wait_for(Kind::kNumberCheck) == base::Duration{24h});
  bench.clock.advance(24h);
  CHECK(bench.budget.reserve(Kind::kNumberCheck, 0s));
}

TEST_CASE("after a 429 the kind pauses, twice as long each time, within a fifth") {
  Bench bench;
  base::Duration expected = 10s;
  for (int refusal = 0; refusal < 3; ++refusal) {
    bench.budget.refused(Kind::kUsync, std::nullopt);
    const auto wait = bench.budget.wait_for(Kind::kUsync);
    CHECK(wait >= expected * 8 / 10);
    CHECK(wait <= expected * 12 / 10);
    bench.clock.advance(wait);
    CHECK(bench.budget.wait_for(Kind::kUsync) == base::Duration::zero());
    expected *= 2;
  }
  CHECK(bench.budget.wait_for(Kind::kUsync, Urgency::kBackground) > 50min);
  CHECK(bench.budget.counters(Kind::kUsync).refused == 3);
}

TEST_CASE("the pause that the server asks for is obeyed, and a success a minute later forgives") {
  Bench bench;
  bench.budget.refused(Kind::kGroupQuery, 90s);
  CHECK(bench.budget.wait_for(Kind::kGroupQuery) == base::Duration{90s});
  bench.clock.advance(90s);
  bench.budget.succeeded(Kind::kGroupQuery);
  bench.budget.refused(Kind::kGroupQuery, std::nullopt);
  CHECK(bench.budget.wait_for(Kind::kGroupQuery) <= base::Duration{12s});
}

TEST_CASE("the longest pause is ten minutes and its jitter") {
  Bench bench;
  for (int refusal = 0; refusal < 40; ++refusal) bench.budget.refused(Kind::kUsync, std::nullopt);
  CHECK(bench.budget.wait_for(Kind::kUsync) <= base::Duration{12min});
}

TEST_CASE("a slowed kind is dealt out at its share of the rate") {
  Bench bench;
  bench.budget.set_limit(Kind::kNewContact, {.per_second = 1, .burst = 1});
  bench.budget.slow_down(Kind::kNewContact, 0.5);
  CHECK(bench.budget.reserve(Kind::kNewContact, 0s));
  CHECK(bench.budget.wait_for(Kind::kNewContact) == base::Duration{2s});
  bench.budget.slow_down(Kind::kNewContact, 1);
  CHECK(bench.budget.wait_for(Kind::kNewContact) == base::Duration{1s});
}
