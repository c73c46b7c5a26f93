// OneShot<T>: the bridge from a callback to a coroutine. Somebody sets a Result<T> once; one coroutine
// waits for it, with or without a deadline, and wakes early with kCancelled when its scope is closed.
#pragma once

#include <optional>
#include <utility>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace runtime {

template <class T>
class OneShot {
 public:
  explicit OneShot(EventLoop& loop) : loop_(loop) {}
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;
  ~OneShot() { loop_.cancel_timer(timer_); }

  /// The first value wins; later ones are dropped (an answer after its time-out).
  void set(base::Result<T> value) {
    if (value_) return;
    value_.emplace(std::move(value));
    wake();
  }
  [[nodiscard]] bool is_set() const { return value_.has_value(); }

  class Awaiter final : public CancelListener {
   public:
    enum class OnCancel { kWake, kKeepWaiting };
    explicit Awaiter(OneShot& shot, OnCancel on_cancel = OnCancel::kWake) : shot_(shot), policy_(on_cancel) {}
    bool await_ready() const noexcept { return shot_.value_.has_value(); }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      Cancellation* cancellation = self.promise().cancellation;
      if (cancellation != nullptr && policy_ == OnCancel::kWake) {
        if (cancellation->cancelled()) {
          shot_.value_.emplace(base::fail(base::ErrorCode::kCancelled, "cancelled"));
          return false;
        }
        cancellation->listen(*this);
      }
      shot_.waiter_ = self;
      return true;
    }
    base::Result<T> await_resume() {
      shot_.loop_.cancel_timer(std::exchange(shot_.timer_, 0));
      return std::move(*shot_.value_);
    }

   private:
    void on_cancel() override { shot_.set(base::fail(base::ErrorCode::kCancelled, "cancelled")); }
    OneShot& shot_;
    OnCancel policy_;
  };

  Awaiter wait() { return Awaiter{*this}; }
  /// For clean-up that must be awaited even inside a cancelled scope.
  Awaiter wait_through_cancellation() { return Awaiter{*this, Awaiter::OnCancel::kKeepWaiting}; }
  /// kTimeout when `deadline` passes first.
  Awaiter wait_until(EventLoop::Clock::time_point deadline) {
    timer_ = loop_.call_at(deadline, [this] {
      timer_ = 0;
      set(base::fail(base::ErrorCode::kTimeout, "timed out"));
    });
    return Awaiter{*this};
  }
  Awaiter wait_for(base::Duration timeout) { return wait_until(loop_.clock().now() + timeout); }

 private:
  void wake() {
    if (waiter_) loop_.defer(std::exchange(waiter_, nullptr));
  }

  EventLoop& loop_;
  std::optional<base::Result<T>> value_;
  std::coroutine_handle<> waiter_;
  EventLoop::TimerId timer_ = 0;
};

/// Nothing to carry but "it happened".
struct Done {};

/// Waits `delay`. kCancelled when the scope is closed first: `WA_CO_TRY_VOID(co_await sleep_for(loop, 2s))`.
Task<base::Result<void>> sleep_for(EventLoop& loop, base::Duration delay);
Task<base::Result<void>> sleep_until(EventLoop& loop, EventLoop::Clock::time_point when);

}  // namespace runtime
