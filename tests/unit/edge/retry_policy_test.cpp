#include "edge/retry_policy.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace std::chrono_literals;
using namespace edge;

namespace {

Outcome of_status(int status) { return classify(runtime::HttpResponse{status, {}, {}}); }

// The longest of many draws: with full jitter close to the step, and never above.
base::Duration longest_delay(RetryPolicy& policy, unsigned failures) {
  base::Duration longest{0};
  for (int i = 0; i < 500; ++i)
    longest = std::max(longest, policy.delay(Outcome::kRetryable, failures, std::nullopt));
  return longest;
}

}  // namespace

TEST_CASE("what can succeed later is retryable, what cannot is final") {
  for (const int status : {408, 425, 429, 500, 502, 503, 504})
    CHECK(of_status(status) == Outcome::kRetryable);
  for (const int status : {301, 400, 409, 410, 413, 422}) CHECK(of_status(status) == Outcome::kFinal);
  for (const int status : {401, 403}) CHECK(of_status(status) == Outcome::kUnauthorized);
  for (const int status : {404, 405}) CHECK(of_status(status) == Outcome::kMissing);
  for (const int status : {200, 201, 204}) CHECK(of_status(status) == Outcome::kSuccess);
  CHECK(classify(base::fail(base::ErrorCode::kTimeout, "")) == Outcome::kRetryable);
  CHECK(classify(base::fail(base::ErrorCode::kUnavailable, "")) == Outcome::kRetryable);
  CHECK(classify(base::fail(base::ErrorCode::kLimit, "")) == Outcome::kFinal);
}

TEST_CASE("delays are drawn from zero to a step that doubles up to its cap") {
  base::SeededRandom random(1);
  RetryPolicy policy({.first_step = 500ms, .longest_step = 60s}, random);
  CHECK(longest_delay(policy, 1) <= 500ms);
  CHECK(longest_delay(policy, 1) > 450ms);
  CHECK(longest_delay(policy, 2) <= 1s);
  CHECK(longest_delay(policy, 2) > 900ms);
  CHECK(longest_delay(policy, 1'000'000) <= 60s);
  CHECK(longest_delay(policy, 1'000'000) > 55s);
  base::Duration shortest{1h};
  for (int i = 0; i < 500; ++i)
    shortest = std::min(shortest, policy.delay(Outcome::kRetryable, 8, std::nullopt));
  CHECK(shortest < 2s);
}

TEST_CASE("a server that names a delay is not asked earlier, but is not obeyed for days") {
  base::SeededRandom random(1);
  RetryPolicy policy({}, random);
  CHECK(policy.delay(Outcome::kRetryable, 1, base::Duration{90s}) == 90s);
  CHECK(policy.delay(Outcome::kRetryable, 1, base::Duration{48h}) == 10min);
}

TEST_CASE("a refused secret is never retried in a hurry") {
  base::SeededRandom random(1);
  RetryPolicy policy({}, random);
  for (int i = 0; i < 50; ++i) CHECK(policy.delay(Outcome::kUnauthorized, 1, std::nullopt) >= 15s);
}

TEST_CASE("Retry-After is read as seconds and as a date") {
  const base::Clock::wall_time now{std::chrono::seconds{1'763'680'000}};  // 2025-11-20 23:06:40 UTC
  CHECK(retry_after({{"retry-after", "7"}}, now) == 7s);
  CHECK(retry_after({{"Retry-After", "Thu, 20 Nov 2025 23:07:40 GMT"}}, now) == 60s);
  CHECK_FALSE(retry_after({{"Retry-After", "Thu, 20 Nov 2025 23:00:00 GMT"}}, now));
  CHECK_FALSE(retry_after({{"Retry-After", "soon"}}, now));
  CHECK_FALSE(retry_after({{"Retry-After", "-5"}}, now));
  CHECK_FALSE(retry_after({}, now));
}
