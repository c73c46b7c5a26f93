#include "base/rfc3339.h"

#include <fmt/format.h>

#include <optional>

namespace base {
namespace {

// Takes fixed pieces off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) return false;
    taken_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] char taken() const { return taken_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char taken_ = 0;
};

struct Parts {
  int year, month, day, hour, minute, second;
};

std::optional<Parts> read_date_time(Reader& in) {
  const auto year = in.digits(4);
  if (!year || !in.one_of("-")) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || !in.one_of("-")) return std::nullopt;
  const auto day = in.digits(2);
  if (!day || !in.one_of("Tt ")) return std::nullopt;
  const auto hour = in.digits(2);
  if (!hour || !in.one_of(":")) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || !in.one_of(":")) return std::nullopt;
  const auto second = in.digits(2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return Parts{*year, *month, *day, *hour, *minute, *second};
}

std::optional<int> read_fraction(Reader& in) {
  if (!in.one_of(".")) return 0;
  int millis = 0;
  int weight = 100;
  if (!in.one_of("0123456789")) return std::nullopt;
  do {
    millis += weight * (in.taken() - '0');
    weight /= 10;
  } while (in.one_of("0123456789"));
  return millis;
}

std::optional<std::chrono::minutes> read_offset(Reader& in) {
  if (in.one_of("Zz")) return std::chrono::minutes{0};
  if (!in.one_of("+-")) return std::nullopt;
  const int sign = in.taken() == '-' ? -1 : 1;
  const auto hours = in.digits(2);
  (void)in.one_of(":");
  const auto minutes = hours && !in.done() ? in.digits(2) : std::optional<int>{0};
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return std::chrono::minutes{sign * (*hours * 60 + *minutes)};
}

}  // namespace

std::string to_rfc3339(Clock::wall_time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Result<Clock::wall_time> from_rfc3339(std::string_view text) {
  const auto broken = [] { return fail(ErrorCode::kMalformed, "not an RFC 3339 time"); };
  Reader in(text);
  const auto parts = read_date_time(in);
  if (!parts) return broken();
  const auto millis = read_fraction(in);
  if (!millis) return broken();
  const auto offset = read_offset(in);
  if (!offset || !in.done()) return broken();

  const std::chrono::year_month_day date{std::chrono::year{parts->year},
                                         std::chrono::month{static_cast<unsigned>(parts->month)},
                                         std::chrono::day{static_cast<unsigned>(parts->day)}};
  if (!date.ok()) return broken();
  return Clock::wall_time{std::chrono::sys_days{date} + std::chrono::hours{parts->hour} +
                          std::chrono::minutes{parts->minute} + std::chrono::seconds{parts->second} +
                          std::chrono::milliseconds{*millis} - *offset};
}

}  // namespace base
