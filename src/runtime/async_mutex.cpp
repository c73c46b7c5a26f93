#include "runtime/async_mutex.h"

#include <algorithm>

namespace runtime {

Task<base::Result<AsyncMutex::Guard>> AsyncMutex::lock() {
  if (!locked_) {
    locked_ = true;
    co_return Guard{this};
  }
  OneShot<Done> turn(loop_);
  waiters_.push_back(&turn);
  const auto woken = co_await turn.wait();
  if (!woken) {
    std::erase(waiters_, &turn);  // not there if unlock() had handed it over before the cancel
    co_return base::fail(woken.error());
  }
  co_return Guard{this};  // unlock() left the mutex locked for us
}

void AsyncMutex::unlock() {
  while (!waiters_.empty()) {
    OneShot<Done>* next = waiters_.front();
    waiters_.pop_front();
    if (next->is_set()) continue;  // cancelled, and not yet awake to leave the queue
    next->set(Done{});
    return;
  }
  locked_ = false;
}

}  // namespace runtime
