// When to try again. Pure: an outcome and an attempt number in, a decision out. Exponential backoff with full
// jitter (a uniform draw from zero to the step), so that a fleet that lost its edge does not come back as one
// wave. Retry-After is obeyed as a lower bound.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/http.h"

namespace edge {

struct RetrySettings {
  base::Duration first_step{500};
  base::Duration longest_step{60'000};
  base::Duration unauthorized_step{15'000};     // 401/403: a person has to act, so never faster than this
  base::Duration longest_retry_after{600'000};  // a server that asks for more is asked again after this
};

enum class Outcome {
  kSuccess,       // 2xx
  kRetryable,     // network, time-out, 408, 425, 429, 5xx
  kUnauthorized,  // 401, 403: retryable, but slowly
  kMissing,       // 404, 405: on an optional endpoint it is not implemented
  kFinal,         // every other status
};

Outcome classify(const base::Result<runtime::HttpResponse>& result);

/// Retry-After of an answer: seconds or an HTTP date. Nothing when absent, broken or past.
std::optional<base::Duration> retry_after(const runtime::HttpHeaders& headers, base::Clock::wall_time now);

class RetryPolicy {
 public:
  RetryPolicy(RetrySettings settings, base::Random& random) : settings_(settings), random_(random) {}

  /// How long to wait before the next attempt. `failures` counts the attempts so far, from 1.
  [[nodiscard]] base::Duration delay(Outcome outcome, unsigned failures,
                                     std::optional<base::Duration> server_asks) const;

 private:
  RetrySettings settings_;
  base::Random& random_;
};

}  // namespace edge
