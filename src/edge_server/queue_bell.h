// Wakes long polls when something was queued. Rung for any instance: whoever wakes looks for itself.
#pragma once

#include <vector>

#include "runtime/one_shot.h"

namespace edge_server {

class QueueBell {
 public:
  explicit QueueBell(runtime::EventLoop& loop) : loop_(loop) {}
  QueueBell(const QueueBell&) = delete;
  QueueBell& operator=(const QueueBell&) = delete;

  void ring();
  /// Until the next ring. kTimeout at `deadline`.
  runtime::Task<base::Result<void>> wait_until(base::Clock::time_point deadline);

 private:
  runtime::EventLoop& loop_;
  std::vector<runtime::OneShot<runtime::Done>*> waiters_;
};

}  // namespace edge_server
