// A mutex between coroutines of one loop, first come first served. Held across awaits, never across
// threads.
//
//   auto held = co_await mutex.lock();   // Result<AsyncMutex::Guard>; kCancelled when the scope closes
#pragma once

#include <deque>

#include "runtime/one_shot.h"

namespace runtime {

class AsyncMutex {
 public:
  explicit AsyncMutex(EventLoop& loop) : loop_(loop) {}
  AsyncMutex(const AsyncMutex&) = delete;
  AsyncMutex& operator=(const AsyncMutex&) = delete;

  class [[nodiscard]] Guard {
   public:
    explicit Guard(AsyncMutex* mutex) : mutex_(mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&& other) noexcept {
      std::swap(mutex_, other.mutex_);
      return *this;
    }
    ~Guard() { release(); }
    void release() {
      if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->unlock();
    }

   private:
    AsyncMutex* mutex_;
  };

  Task<base::Result<Guard>> lock();
  [[nodiscard]] bool locked() const { return locked_; }
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }

 private:
  void unlock();

  EventLoop& loop_;
  bool locked_ = false;
  std::deque<OneShot<Done>*> waiters_;
};

}  // namespace runtime
