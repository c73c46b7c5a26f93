#include "runtime/async_semaphore.h"

#include <algorithm>

namespace runtime {

Task<base::Result<AsyncSemaphore::Slot>> AsyncSemaphore::take_until(EventLoop::Clock::time_point deadline) {
  if (free_ > 0) {
    --free_;
    co_return Slot{this};
  }
  OneShot<Done> turn(loop_);
  waiters_.push_back(&turn);
  const auto woken = co_await turn.wait_until(deadline);
  if (!woken) {
    std::erase(waiters_, &turn);
    co_return base::fail(woken.error());
  }
  co_return Slot{this};  // handed over by give_back()
}

void AsyncSemaphore::give_back() {
  while (!waiters_.empty()) {
    OneShot<Done>* next = waiters_.front();
    waiters_.pop_front();
    if (next->is_set()) continue;  // given up, and not yet awake to leave the queue
    next->set(Done{});
    return;
  }
  ++free_;
}

}  // namespace runtime
