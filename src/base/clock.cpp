#include "base/clock.h"

namespace base {

std::int64_t Clock::unix_millis() const { return wall_now().time_since_epoch().count(); }

std::int64_t Clock::unix_seconds() const {
  return std::chrono::floor<std::chrono::seconds>(wall_now()).time_since_epoch().count();
}

Clock::time_point SystemClock::now() const { return std::chrono::steady_clock::now(); }

Clock::wall_time SystemClock::wall_now() const {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void ManualClock::advance(Duration by) {
  steady_ += by;
  wall_ += by;
  if (listener_) listener_();
}

}  // namespace base
