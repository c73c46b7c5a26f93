#include "connection/reconnect_policy.h"

#include <algorithm>
#include <utility>

namespace worker {
namespace {

using whatsapp::Ended;
using whatsapp::Reaction;

constexpr int kRestartRequired = 515;
constexpr int kClientOutdated = 405;

}  // namespace

void ReconnectPolicy::opened() {
  backoff_.reset();
  restarts_without_open_ = 0;
  slow_in_a_row_ = 0;
  confirming_ = false;
  outdated_before_ = false;
}

Decision ReconnectPolicy::after(const Ended& ended) {
  if (ended.code == kRestartRequired) return after_restart(ended);
  if (ended.code == kClientOutdated) return after_outdated();
  switch (ended.reaction) {
    case Reaction::kWipe:
      return PutAuthAside{ended.reason};
    case Reaction::kStop:
      return park(ended);
    case Reaction::kRetryNow:
      return at_once();
    case Reaction::kConfirm:
      if (confirming_) return ReconnectAfter{backoff_.next()};
      confirming_ = true;
      return at_once();
    case Reaction::kRetrySlow:
      if (++slow_in_a_row_ > settings_.slow_limit) return park(ended);
      backoff_.go_slow();
      break;
    case Reaction::kRetry:
    case Reaction::kQrExhausted:
      break;
  }
  return ReconnectAfter{backoff_.next()};
}

// 515 right after pairing is how every pairing ends, and on a logged-in account a server's wish. Only a row
// of them that never reaches open tells that this session will not be let in again.
Decision ReconnectPolicy::after_restart(const Ended& ended) {
  if (ended.reached == Ended::Reached::kPaired) return ReconnectAfter{};
  if (ended.reached == Ended::Reached::kOpen) return at_once();
  if (++restarts_without_open_ >= settings_.restart_wipe_threshold) return PutAuthAside{"invalid_session"};
  return ReconnectAfter{};
}

// One more try with the newest version. Refused again, only time helps: hammering makes it worse.
Decision ReconnectPolicy::after_outdated() {
  if (std::exchange(outdated_before_, true)) return Park{clock_.now() + settings_.parked_retry};
  return ReconnectAfter{settings_.version_refresh};
}

Decision ReconnectPolicy::at_once() {
  const auto now = clock_.now();
  while (!at_once_.empty() && at_once_.front() + settings_.at_once_window <= now) at_once_.pop_front();
  if (at_once_.size() >= settings_.at_once_limit) return ReconnectAfter{backoff_.next()};
  at_once_.push_back(now);
  return ReconnectAfter{};
}

Decision ReconnectPolicy::park(const Ended& ended) const {
  base::Duration wait = settings_.parked_retry;
  if (ended.not_before)
    wait = std::max<base::Duration>(*ended.not_before - clock_.wall_now(), base::Duration{0});
  return Park{clock_.now() + wait};
}

}  // namespace worker
