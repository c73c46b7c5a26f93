#include "base/rfc3339.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using base::from_rfc3339;

namespace {
constexpr base::Clock::wall_time kMoment{
    std::chrono::milliseconds{1'795'216'447'412}};  // 2026-11-20T23:14:07.412Z
}

TEST_CASE("a time is written in UTC with milliseconds, and read back") {
  CHECK(base::to_rfc3339(kMoment) == "2026-11-20T23:14:07.412Z");
  CHECK(from_rfc3339("2026-11-20T23:14:07.412Z") == kMoment);
  CHECK(base::to_rfc3339(base::Clock::wall_time{-1ms}) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("offsets, missing or long fractions and a space for the T are read") {
  CHECK(from_rfc3339("2026-11-20T20:14:07.412-03:00") == kMoment);
  CHECK(from_rfc3339("2026-11-20 23:14:07.412999+00") == kMoment);
  CHECK(from_rfc3339("2026-11-21T04:44:07.412+0530") == kMoment);
  CHECK(from_rfc3339("2026-11-20T23:14:07Z") == kMoment - 412ms);
}

TEST_CASE("what is no time is refused") {
  for (const char* text :
       {"", "2026-11-20", "2026-11-20T23:14Z", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z",
        "2026-11-20T23:14:07", "2026-11-20T23:14:07.Z", "2026-11-20T23:14:07Zx", "20a6-11-20T23:14:07Z",
        "2026-13-20T23:14:07Z", "2026-11-20T23:14:07+1"}) {
    CAPTURE(text);
    CHECK_FALSE(from_rfc3339(text));
  }
}
