// How long to wait before the next connection attempt of one account: 2, 5, 10, 20, 40, 60 s, then 60 s
// again and again, each moved by ± 10 % so that a network outage does not end in a stampede.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"
#include "base/random.h"

namespace worker {

class Backoff {
 public:
  static constexpr std::array<base::Duration, 6> kSteps{std::chrono::seconds{2},  std::chrono::seconds{5},
                                                        std::chrono::seconds{10}, std::chrono::seconds{20},
                                                        std::chrono::seconds{40}, std::chrono::seconds{60}};

  explicit Backoff(base::Random& random) : random_(random) {}

  /// The next delay, jittered; each call goes one step up.
  base::Duration next();
  /// Next time at least the 60 s level: the server asked for patience.
  void go_slow() { step_ = kSteps.size() - 1; }
  /// The account reached open.
  void reset() {
    step_ = 0;
    attempts_ = 0;
  }
  /// Attempts since the last reset.
  [[nodiscard]] std::size_t attempts() const { return attempts_; }

 private:
  base::Random& random_;
  std::size_t step_ = 0;
  std::size_t attempts_ = 0;
};

}  // namespace worker
