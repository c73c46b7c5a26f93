#include "whatsapp/client/query_budget.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "whatsapp/binary/iq.h"
#include "whatsapp/client/current_connection.h"

namespace whatsapp {

using base::Duration;
using base::ErrorCode;
using base::fail;
using base::Result;
using namespace std::chrono_literals;

namespace {

constexpr auto kDay = 24h;
constexpr Duration kFirstPause = 5s;
constexpr Duration kLongestPause = 10min;
constexpr Duration kBackgroundPause = 1h;
constexpr std::uint32_t kRefusalsBeforeRest = 3;
constexpr Duration kForgiveAfter = 60s;
constexpr double kJitter = 0.2;

constexpr std::array<std::string_view, QueryBudget::kKinds> kNames{
    "usync",       "number_check", "group_query",        "group_list", "group_change", "group_create",
    "new_contact", "picture",      "presence_subscribe", "privacy",    "other"};

Duration until(base::Clock::time_point when, base::Clock::time_point now) {
  return when <= now ? Duration::zero() : std::chrono::ceil<Duration>(when - now);
}

}  // namespace

std::string_view to_string(QueryBudget::Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

QueryBudget::Limits QueryBudget::default_limits() {
  Limits limits{};
  const auto set = [&limits](Kind kind, Limit limit) { limits[static_cast<std::size_t>(kind)] = limit; };
  set(Kind::kUsync, {.per_second = 2, .burst = 10});
  set(Kind::kNumberCheck, {.per_second = 1, .burst = 20, .per_day = 1000});
  set(Kind::kGroupQuery, {.per_second = 0.5, .burst = 5});
  set(Kind::kGroupList, {.per_second = 1.0 / 600, .burst = 2});
  set(Kind::kGroupChange, {.per_second = 0.1, .burst = 5});
  set(Kind::kGroupCreate, {.per_second = 1.0 / 60, .burst = 1, .per_day = 50});
  set(Kind::kNewContact, {.per_second = 1, .burst = 20, .per_day = 1000});
  set(Kind::kPicture, {.per_second = 2, .burst = 4});
  set(Kind::kPresenceSubscribe, {.per_second = 10, .burst = 10});
  set(Kind::kPrivacy, {.per_second = 0.5, .burst = 5});
  return limits;
}

QueryBudget::QueryBudget(const base::Clock& clock, base::Random& random, const Limits& limits)
    : clock_(clock), random_(random) {
  for (std::size_t at = 0; at < kKinds; ++at) set_limit(static_cast<Kind>(at), limits[at]);
}

void QueryBudget::set_limit(Kind kind, Limit limit) {
  Bucket& bucket = of(kind);
  bucket.limit = limit;
  bucket.tokens = limit.burst;
  bucket.filled_at = clock_.now();
  bucket.day_began = clock_.now();
  bucket.today = 0;
}

void QueryBudget::count(Kind kind, std::uint64_t Counters::*counter, std::string_view result) {
  ++(of(kind).counters.*counter);
  if (counted_) counted_(kind, result);
}

double QueryBudget::tokens_now(const Bucket& bucket) const {
  const std::chrono::duration<double> passed = clock_.now() - bucket.filled_at;
  return std::min(bucket.limit.burst,
                  bucket.tokens + passed.count() * bucket.limit.per_second * bucket.factor);
}

Duration QueryBudget::wait_for(Kind kind, Urgency urgency) const {
  const Bucket& bucket = of(kind);
  const auto now = clock_.now();
  Duration wait = until(bucket.closed_until, now);
  if (urgency == Urgency::kBackground) wait = std::max(wait, until(bucket.background_until, now));
  if (const double tokens = tokens_now(bucket); tokens < 1) {
    const double seconds = (1 - tokens) / (bucket.limit.per_second * bucket.factor);
    const auto for_token = Duration{static_cast<std::int64_t>(std::ceil(seconds * 1000))};
    wait = std::max(wait, for_token);
  }
  const bool new_day = now - bucket.day_began >= kDay;
  if (bucket.limit.per_day && bucket.today >= *bucket.limit.per_day && !new_day)
    wait = std::max(wait, until(bucket.day_began + kDay, now));
  return wait;
}

std::optional<Duration> QueryBudget::reserve(Kind kind, Duration patience, Urgency urgency) {
  Bucket& bucket = of(kind);
  const Duration wait = wait_for(kind, urgency);
  if (wait > patience) {
    count(kind, &Counters::denied, "denied");
    return std::nullopt;
  }
  const auto now = clock_.now();
  bucket.tokens = tokens_now(bucket) - 1;
  bucket.filled_at = now;
  if (now - bucket.day_began >= kDay) {
    bucket.day_began = now;
    bucket.today = 0;
  }
  ++bucket.today;
  count(kind, &Counters::granted, "granted");
  if (wait > Duration::zero()) count(kind, &Counters::delayed, "delayed");
  return wait;
}

void QueryBudget::refused(Kind kind, std::optional<std::chrono::seconds> backoff) {
  Bucket& bucket = of(kind);
  const auto now = clock_.now();
  count(kind, &Counters::refused, "refused");
  bucket.refused_at = now;
  const std::uint32_t doublings = std::min(bucket.refusals++, 10U);
  Duration pause = std::min(kFirstPause * (1 << (doublings + 1)), kLongestPause);
  pause = random_.jitter(pause, kJitter);
  if (backoff) pause = std::clamp(Duration{*backoff}, Duration::zero(), Duration{kDay});
  bucket.closed_until = std::max(bucket.closed_until, now + pause);
  if (bucket.refusals >= kRefusalsBeforeRest) bucket.background_until = now + kBackgroundPause;
}

void QueryBudget::succeeded(Kind kind) {
  Bucket& bucket = of(kind);
  if (bucket.refusals > 0 && clock_.now() - bucket.refused_at > kForgiveAfter) bucket.refusals = 0;
}

void QueryBudget::slow_down(Kind kind, double factor) {
  Bucket& bucket = of(kind);
  bucket.tokens = tokens_now(bucket);
  bucket.filled_at = clock_.now();
  bucket.factor = std::clamp(factor, 0.01, 1.0);
}

runtime::Task<Result<binary::Node>> budgeted_query(CurrentConnection& connection, QueryBudget& budget,
                                                   QueryBudget::Kind kind, binary::Node iq, Duration patience,
                                                   QueryBudget::Urgency urgency) {
  const auto delay = budget.reserve(kind, patience, urgency);
  if (!delay) co_return fail(ErrorCode::kUnavailable, "rate limited by ourselves, retry later", 429);
  if (*delay > Duration::zero()) WA_CO_TRY_VOID(co_await connection.pause(*delay));
  WA_CO_TRY(const binary::Node answer, co_await connection.exchange(std::move(iq)));
  const auto error = binary::iq_error(answer);
  if (!error) {
    budget.succeeded(kind);
    co_return answer;
  }
  if (error->code == 429 || error->code == 503) budget.refused(kind, error->backoff);
  co_return fail(ErrorCode::kRejected, "the server refused the request: " + error->text, error->code);
}

}  // namespace whatsapp
