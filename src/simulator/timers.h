// Calls planned on a loop by an object that may die first: its timers die with it.
#pragma once

#include <functional>
#include <memory>
#include <unordered_set>

#include "runtime/event_loop.h"

namespace simulator {

class Timers {
 public:
  using Id = runtime::EventLoop::TimerId;

  explicit Timers(runtime::EventLoop& loop) : loop_(loop), alive_(std::make_shared<bool>(true)) {}
  ~Timers() {
    for (const Id id : pending_) loop_.cancel_timer(id);
  }
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  Id after(base::Duration delay, std::function<void()> callback) {
    auto slot = std::make_shared<Id>(0);
    *slot = loop_.call_after(delay, [this, slot, callback = std::move(callback)] {
      pending_.erase(*slot);
      callback();
    });
    pending_.insert(*slot);
    return *slot;
  }
  void cancel(Id id) {
    if (pending_.erase(id) > 0) loop_.cancel_timer(id);
  }
  /// Later in this turn.
  void soon(std::function<void()> callback) {
    loop_.defer([alive = std::weak_ptr(alive_), callback = std::move(callback)] {
      if (!alive.expired()) callback();
    });
  }
  [[nodiscard]] runtime::EventLoop& loop() const { return loop_; }

 private:
  runtime::EventLoop& loop_;
  std::shared_ptr<bool> alive_;
  std::unordered_set<Id> pending_;
};

}  // namespace simulator
