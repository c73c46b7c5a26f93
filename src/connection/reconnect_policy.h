// What to do after a connection ended: when to try again, when to put the auth state aside, when to stand
// still. Pure: no I/O, time and jitter injected. The protocol's own wish comes in as whatsapp::Ended; this
// class remembers what repeats.
#pragma once

#include <deque>
#include <string>
#include <variant>

#include "base/clock.h"
#include "connection/backoff.h"
#include "whatsapp/client/client.h"

namespace worker {

struct ReconnectSettings {
  std::size_t restart_wipe_threshold = 3;  // stream errors 515 in a row without open = invalid session
  std::size_t at_once_limit = 3;           // reconnects without a delay …
  base::Duration at_once_window{600'000};  // … within this time; more of them go through the backoff
  std::size_t slow_limit = 5;              // suspicious ends in a row without open, then it is parked
  base::Duration parked_retry{3'600'000};  // a parked account tries again after this
  base::Duration version_refresh{5'000};   // refused as outdated: time to learn the newest version
};

/// Connect again after `delay`.
struct ReconnectAfter {
  base::Duration delay{0};
};
/// The device is unlinked or its session invalid: quarantine the auth state, then link again.
struct PutAuthAside {
  std::string reason;  // stable word
};
/// Needs a person (replaced elsewhere, banned): one more try at `until`.
struct Park {
  base::Clock::time_point until;
};
using Decision = std::variant<ReconnectAfter, PutAuthAside, Park>;

class ReconnectPolicy {
 public:
  ReconnectPolicy(ReconnectSettings settings, const base::Clock& clock, base::Random& random)
      : settings_(settings), clock_(clock), backoff_(random) {}

  /// The account is logged in: failures of the past are forgiven.
  void opened();
  /// A connection ended; decides what comes next.
  Decision after(const whatsapp::Ended& ended);
  /// Attempts since open, for the status.
  [[nodiscard]] std::size_t attempts() const { return backoff_.attempts(); }

 private:
  Decision at_once();
  Decision after_restart(const whatsapp::Ended& ended);
  Decision after_outdated();
  Decision park(const whatsapp::Ended& ended) const;

  ReconnectSettings settings_;
  const base::Clock& clock_;
  Backoff backoff_;
  std::size_t restarts_without_open_ = 0;
  std::size_t slow_in_a_row_ = 0;
  bool confirming_ = false;
  bool outdated_before_ = false;                 // refused as too old since the last open
  std::deque<base::Clock::time_point> at_once_;  // bounded by at_once_limit
};

}  // namespace worker
