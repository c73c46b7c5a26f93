#include "runtime/one_shot.h"

namespace runtime {

Task<base::Result<void>> sleep_until(EventLoop& loop, EventLoop::Clock::time_point when) {
  OneShot<Done> alarm(loop);
  const auto woken = co_await alarm.wait_until(when);
  if (!woken && woken.error().code == base::ErrorCode::kCancelled)
    co_return base::fail(base::ErrorCode::kCancelled, "cancelled");
  co_return base::Result<void>{};
}

Task<base::Result<void>> sleep_for(EventLoop& loop, base::Duration delay) {
  return sleep_until(loop, loop.clock().now() + delay);
}

}  // namespace runtime
