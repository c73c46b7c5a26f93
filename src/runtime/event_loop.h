// The heart of a shard: one thread, one libuv loop. Everything an instance owns lives and dies on its
// loop, so nothing inside needs a lock; other threads reach it only through post().
//
// Time comes from a base::Clock. With the system clock one libuv timer serves all deadlines; with a
// ManualClock the deadlines fire when the test advances the clock.
#pragma once

#include <uv.h>

#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <typeindex>
#include <vector>

#include "base/clock.h"

namespace runtime {

class EventLoop {
 public:
  using Clock = base::Clock;
  using Callback = std::function<void()>;
  /// Names one scheduled call; 0 is none.
  using TimerId = std::uint64_t;

  explicit EventLoop(base::Clock& clock);
  ~EventLoop();  // closes its own handles and runs the loop until all are closed
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs until stop(). A loop may be run again.
  void run();
  /// Ends run() after the current callback. From any thread.
  void stop();
  /// One turn without blocking: ready coroutines, due timers, pending I/O. For tests.
  void run_once();
  /// Turns until nothing is ready. For tests with a ManualClock.
  void run_until_idle();

  /// From any thread: `callback` runs on the loop, in the order of the posts.
  void post(Callback callback);

  /// Loop thread only: resumes `handle` later in this turn, with a clean stack below it.
  void defer(std::coroutine_handle<> handle);
  /// Loop thread only: calls back later in this turn, after what is ready now (end-of-turn work).
  void defer(Callback callback);

  /// Calls back once when the clock reaches `when`. Loop thread only.
  TimerId call_at(Clock::time_point when, Callback callback);
  TimerId call_after(base::Duration delay, Callback callback) {
    return call_at(clock_.now() + delay, std::move(callback));
  }
  /// Harmless for an id that has fired or was cancelled.
  void cancel_timer(TimerId id);

  /// The T that everything on this loop shares (e.g. its libwebsockets context): made as T(loop) at first
  /// use, destroyed first thing in ~EventLoop, outside of any callback. Loop thread only.
  template <class T>
  T& shared() {
    std::shared_ptr<void>& slot = shared_[typeid(T)];
    if (!slot) slot = std::make_shared<T>(*this);
    return *static_cast<T*>(slot.get());
  }

  [[nodiscard]] base::Clock& clock() const { return clock_; }
  [[nodiscard]] uv_loop_t* uv() { return &loop_; }
  [[nodiscard]] bool in_loop_thread() const { return std::this_thread::get_id() == thread_; }

 private:
  struct Timer {
    TimerId id;
    Callback callback;
  };

  void drain_posts();
  bool drain_ready();
  bool fire_due_timers();
  void arm_timer();
  void arm_idle();

  base::Clock& clock_;
  uv_loop_t loop_{};
  uv_async_t wake_{};
  uv_timer_t timer_{};
  uv_check_t after_poll_{};
  uv_prepare_t before_poll_{};
  uv_idle_t keep_turning_{};  // active while something is ready, so that poll does not block
  std::thread::id thread_;

  std::mutex posts_mutex_;
  std::vector<Callback> posts_;  // guarded by posts_mutex_

  std::vector<Callback> ready_;
  std::multimap<Clock::time_point, Timer> timers_;
  std::map<TimerId, std::multimap<Clock::time_point, Timer>::iterator> timer_index_;
  TimerId next_timer_ = 1;
  bool draining_ = false;
  std::map<std::type_index, std::shared_ptr<void>> shared_;
};

}  // namespace runtime
