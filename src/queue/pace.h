// How long to wait before trying again: doubling from a first step to a longest one, ± 20 % so that many
// accounts do not beat as one.
#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/random.h"

namespace worker {

struct Pace {
  base::Duration first{1'000};
  base::Duration longest{60'000};

  /// `failures` so far, from 1.
  [[nodiscard]] base::Duration pause_after(unsigned failures, base::Random& random) const {
    const unsigned doublings = std::min(failures > 0 ? failures - 1 : 0, 20U);
    return random.jitter(std::min<base::Duration>(longest, first * (1LL << doublings)), 0.2);
  }
};

}  // namespace worker
