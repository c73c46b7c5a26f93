#include "queue/link_gate.h"

#include <utility>

namespace worker {

void LinkGate::open() {
  open_ = true;
  for (auto* waiter : std::exchange(waiters_, {})) waiter->set(runtime::Done{});
}

runtime::Task<base::Result<void>> LinkGate::wait_open() {
  const runtime::Cancellation* scope = co_await runtime::current_cancellation{};
  while (!open_) {  // it may have closed again before we woke
    runtime::OneShot<runtime::Done> opened(loop_);
    waiters_.push_back(&opened);
    const auto woken = co_await opened.wait();
    std::erase(waiters_, &opened);
    if (!woken) co_return base::fail(woken.error());
  }
  if (scope != nullptr && scope->cancelled())
    co_return base::fail(base::ErrorCode::kCancelled, "the queue is being stopped");
  co_return base::Result<void>{};
}

}  // namespace worker
