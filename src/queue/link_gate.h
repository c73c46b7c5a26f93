// Open while the instance is CONNECTED. Whoever wants to send waits here; nothing passes a closed gate.
#pragma once

#include <vector>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"

namespace worker {

class LinkGate {
 public:
  explicit LinkGate(runtime::EventLoop& loop) : loop_(loop) {}
  LinkGate(const LinkGate&) = delete;
  LinkGate& operator=(const LinkGate&) = delete;

  void open();
  void close() { open_ = false; }
  [[nodiscard]] bool is_open() const { return open_; }

  /// Returns when the gate is open; kCancelled when the scope is closed first, or already.
  runtime::Task<base::Result<void>> wait_open();

 private:
  runtime::EventLoop& loop_;
  bool open_ = false;
  std::vector<runtime::OneShot<runtime::Done>*> waiters_;
};

}  // namespace worker
