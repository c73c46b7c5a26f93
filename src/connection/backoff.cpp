#include "connection/backoff.h"

#include <algorithm>

namespace worker {

base::Duration Backoff::next() {
  const base::Duration delay = kSteps[step_];
  step_ = std::min(step_ + 1, kSteps.size() - 1);
  ++attempts_;
  return random_.jitter(delay, 0.1);
}

}  // namespace worker
