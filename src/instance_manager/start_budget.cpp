#include "instance_manager/start_budget.h"

#include <algorithm>
#include <cmath>

namespace worker {

base::Duration StartBudget::take() {
  const auto now = clock_.now();
  const std::chrono::duration<double> passed = now - refilled_at_;
  refilled_at_ = now;
  tokens_ = std::min(settings_.burst, tokens_ + passed.count() * settings_.per_second);
  tokens_ -= 1;
  if (tokens_ >= 0) return base::Duration{0};
  return base::Duration{static_cast<std::int64_t>(std::ceil(-tokens_ / settings_.per_second * 1000))};
}

}  // namespace worker
