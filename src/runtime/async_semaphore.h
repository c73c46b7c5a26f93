// At most so many at a time: coroutines of one loop wait for a slot, first come first served.
//
//   WA_CO_TRY(const auto slot, co_await slots.take_until(deadline));   // given back when it goes
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "runtime/one_shot.h"

namespace runtime {

class AsyncSemaphore {
 public:
  AsyncSemaphore(EventLoop& loop, std::size_t slots) : loop_(loop), free_(slots) {}
  AsyncSemaphore(const AsyncSemaphore&) = delete;
  AsyncSemaphore& operator=(const AsyncSemaphore&) = delete;

  class [[nodiscard]] Slot {
   public:
    explicit Slot(AsyncSemaphore* owner) : owner_(owner) {}
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(owner_, other.owner_);
      return *this;
    }
    ~Slot() {
      if (owner_ != nullptr) owner_->give_back();
    }

   private:
    AsyncSemaphore* owner_;
  };

  /// kTimeout when no slot is free before `deadline`; kCancelled when the scope closes.
  Task<base::Result<Slot>> take_until(EventLoop::Clock::time_point deadline);

 private:
  void give_back();

  EventLoop& loop_;
  std::size_t free_;
  std::deque<OneShot<Done>*> waiters_;
};

}  // namespace runtime
