// Paces the start of many instances: a token bucket, so that a restart with thousands of accounts does not
// dial them all in one breath.
#pragma once

#include "base/clock.h"

namespace worker {

struct StartBudgetSettings {
  double per_second = 150;
  double burst = 30;
};

class StartBudget {
 public:
  StartBudget(StartBudgetSettings settings, const base::Clock& clock)
      : settings_(settings), clock_(clock), tokens_(settings.burst), refilled_at_(clock.now()) {}

  /// Takes one start and returns how long to wait before using it; zero while the bucket has tokens.
  base::Duration take();

 private:
  StartBudgetSettings settings_;
  const base::Clock& clock_;
  double tokens_;  // may be negative: starts already promised
  base::Clock::time_point refilled_at_;
};

}  // namespace worker
