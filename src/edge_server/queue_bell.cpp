#include "edge_server/queue_bell.h"

namespace edge_server {

void QueueBell::ring() {
  for (auto* waiter : std::exchange(waiters_, {})) waiter->set(runtime::Done{});
}

runtime::Task<base::Result<void>> QueueBell::wait_until(base::Clock::time_point deadline) {
  runtime::OneShot<runtime::Done> rung(loop_);
  waiters_.push_back(&rung);
  const auto woken = co_await rung.wait_until(deadline);
  std::erase(waiters_, &rung);
  if (!woken) co_return base::fail(woken.error());
  co_return base::Result<void>{};
}

}  // namespace edge_server
