// How often an account may ask the server for things, so that it never looks like a storm: one token bucket
// per kind of request, and per kind the pause that the server asks for when it says 429 or 503. The numbers
// are the ones of spec 08 §17.1 and §17.2. A budget belongs to the account and outlives its connections.
//
//   const auto delay = budget.reserve(Kind::kGroupQuery, 20s);
//   if (!delay) return kUnavailable;      // it would take longer than the caller is willing to wait
//   … wait *delay, ask …
//   budget.refused(Kind::kGroupQuery, backoff)  or  budget.succeeded(Kind::kGroupQuery)
//
// Whoever asks on a connection uses `budgeted_query`, which does all of it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

class CurrentConnection;

class QueryBudget {
 public:
  enum class Kind : std::uint8_t {
    kUsync,        // device lists, LIDs
    kNumberCheck,  // "is this number on WhatsApp", as far as it is not remembered
    kGroupQuery,   // metadata of one group
    kGroupList,    // all groups at once
    kGroupChange,  // participants, subject, settings, invites
    kGroupCreate,
    kNewContact,  // first messages to people who never wrote to us
    kPicture,
    kPresenceSubscribe,
    kPrivacy,  // privacy settings, block list, privacy tokens
    kOther,
  };
  static constexpr std::size_t kKinds = 11;

  struct Limit {
    double per_second = 10;
    double burst = 30;
    std::optional<std::uint32_t> per_day{};
  };
  using Limits = std::array<Limit, kKinds>;
  static Limits default_limits();

  /// Background work gives way: after three refusals in a row its kind rests for an hour.
  enum class Urgency : std::uint8_t { kAwaited, kBackground };

  /// What became of the requests of one kind, since the account was made.
  struct Counters {
    std::uint64_t granted = 0;  // at once or after a wait
    std::uint64_t delayed = 0;  // of these, after a wait
    std::uint64_t denied = 0;   // by ourselves: the wait would have been too long
    std::uint64_t refused = 0;  // by the server: 429 or 503
  };

  QueryBudget(const base::Clock& clock, base::Random& random, const Limits& limits = default_limits());

  void set_limit(Kind kind, Limit limit);
  /// Told of each request: "granted", "delayed", "denied" or "refused".
  using Counted = std::function<void(Kind kind, std::string_view result)>;
  void on_count(Counted counted) { counted_ = std::move(counted); }

  /// Takes a place and says how long to wait for it; nothing (and nothing taken) if that were longer than
  /// `patience`. Places are given in the order asked for.
  std::optional<base::Duration> reserve(Kind kind, base::Duration patience,
                                        Urgency urgency = Urgency::kAwaited);
  /// How long reserve() would make wait now.
  [[nodiscard]] base::Duration wait_for(Kind kind, Urgency urgency = Urgency::kAwaited) const;

  /// The server said 429 or 503; `backoff` is the pause that it asked for.
  void refused(Kind kind, std::optional<std::chrono::seconds> backoff);
  void succeeded(Kind kind);

  /// This much less than usual of one kind (a factor above 0, at most 1) until told otherwise.
  void slow_down(Kind kind, double factor);

  [[nodiscard]] const Counters& counters(Kind kind) const { return of(kind).counters; }

 private:
  using time_point = base::Clock::time_point;
  struct Bucket {
    Limit limit;
    double factor = 1;
    double tokens = 0;  // at `filled_at`; below zero: places promised ahead
    time_point filled_at{};
    time_point day_began{};
    std::uint32_t today = 0;
    std::uint32_t refusals = 0;  // in a row
    time_point refused_at{};
    time_point closed_until{};      // the server's pause
    time_point background_until{};  // the longer pause of background work
    Counters counters;
  };

  [[nodiscard]] Bucket& of(Kind kind) { return buckets_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const Bucket& of(Kind kind) const { return buckets_[static_cast<std::size_t>(kind)]; }
  void count(Kind kind, std::uint64_t Counters::*counter, std::string_view result);
  [[nodiscard]] double tokens_now(const Bucket& bucket) const;

  const base::Clock& clock_;
  base::Random& random_;
  std::array<Bucket, kKinds> buckets_;
  Counted counted_;
};

/// "usync", "group_query": names for metrics.
std::string_view to_string(QueryBudget::Kind kind);

/// Waits for its place, asks, and tells the budget what the server said. Errors: those of the query;
/// kUnavailable with detail 429 if the place is further away than `patience`: nothing was asked.
runtime::Task<base::Result<binary::Node>> budgeted_query(
    CurrentConnection& connection, QueryBudget& budget, QueryBudget::Kind kind, binary::Node iq,
    base::Duration patience = std::chrono::seconds{30},
    QueryBudget::Urgency urgency = QueryBudget::Urgency::kAwaited);

}  // namespace whatsapp
