#include "base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace base;

TEST_CASE("a seeded stream can be played again, another seed gives another") {
  SeededRandom a{1};
  SeededRandom b{1};
  SeededRandom c{2};
  const Bytes first = a.bytes(100);
  CHECK(first == b.bytes(100));
  CHECK(first != c.bytes(100));
  CHECK(first != a.bytes(100));
}

TEST_CASE("the system's generator does not repeat itself") {
  SystemRandom random;
  std::set<Bytes> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.bytes(16));
  CHECK(seen.size() == 100);
}

TEST_CASE("bounded numbers stay below the bound and reach every value evenly") {
  SeededRandom random{3};
  CHECK(random.below(1) == 0);
  std::array<int, 7> counts{};
  for (int i = 0; i < 7000; ++i) ++counts[random.below(counts.size())];
  for (const int count : counts) {
    CHECK(count > 850);
    CHECK(count < 1150);
  }
  CHECK(random.below(UINT64_MAX) < UINT64_MAX);
}

TEST_CASE("jitter stays within its share on both sides of the value") {
  SeededRandom random{4};
  Duration least{1'000'000};
  Duration most{0};
  for (int i = 0; i < 2000; ++i) {
    const Duration moved = random.jitter(Duration{1000}, 0.1);
    least = std::min(least, moved);
    most = std::max(most, moved);
  }
  CHECK(least >= Duration{900});
  CHECK(most <= Duration{1100});
  CHECK(least < Duration{920});
  CHECK(most > Duration{1080});
  CHECK(random.jitter(Duration{5}, 0.1) == Duration{5});
  CHECK(random.jitter(Duration{1000}, 0.0) == Duration{1000});
}
