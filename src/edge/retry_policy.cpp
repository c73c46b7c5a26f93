#include "edge/retry_policy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/rfc3339.h"

namespace edge {
namespace {

// "Fri, 20 Nov 2026 23:14:07 GMT" (RFC 9110, IMF-fixdate; the obsolete forms are not read).
std::optional<base::Clock::wall_time> from_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return std::nullopt;
  const auto* month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const auto number = std::to_string(month - kMonths.begin() + 1);
  std::string iso{text.substr(12, 4)};
  iso.append(number.size() == 1 ? "-0" : "-").append(number).append("-").append(text.substr(5, 2));
  iso.append("T").append(text.substr(17, 8)).append("Z");
  auto parsed = base::from_rfc3339(iso);
  if (!parsed) return std::nullopt;
  return *parsed;
}

}  // namespace

Outcome classify(const base::Result<runtime::HttpResponse>& result) {
  if (!result) {
    // An answer that is too long will be too long again.
    return result.error().code == base::ErrorCode::kLimit ? Outcome::kFinal : Outcome::kRetryable;
  }
  const int status = result->status;
  if (status >= 200 && status < 300) return Outcome::kSuccess;
  if (status == 401 || status == 403) return Outcome::kUnauthorized;
  if (status == 404 || status == 405) return Outcome::kMissing;
  if (status == 408 || status == 425 || status == 429 || status >= 500) return Outcome::kRetryable;
  return Outcome::kFinal;
}

std::optional<base::Duration> retry_after(const runtime::HttpHeaders& headers, base::Clock::wall_time now) {
  const auto value = runtime::header(headers, "Retry-After");
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (!value.empty() && error == std::errc{} && end == value.data() + value.size())
    return std::chrono::seconds{seconds};
  const auto date = from_http_date(value);
  if (!date || *date <= now) return std::nullopt;
  return *date - now;
}

base::Duration RetryPolicy::delay(Outcome outcome, unsigned failures,
                                  std::optional<base::Duration> server_asks) const {
  const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0U, 20U);
  const base::Duration step =
      std::min<base::Duration>(settings_.first_step * (1L << doublings), settings_.longest_step);
  const auto drawn = random_.below(static_cast<std::uint64_t>(step.count()) + 1);
  base::Duration wait{static_cast<std::int64_t>(drawn)};
  if (outcome == Outcome::kUnauthorized) wait = std::max(wait, settings_.unauthorized_step);
  if (server_asks) wait = std::max(wait, std::min(*server_asks, settings_.longest_retry_after));
  return wait;
}

}  // namespace edge
