#include "runtime/task_scope.h"

#include <cstdio>
#include <cstdlib>

namespace runtime {

// The coroutine under a spawned task: frees itself at its end and tells the scope.
struct TaskScope::Root {
  struct promise_type {
    Cancellation* cancellation = nullptr;
    promise_type(TaskScope* scope, Task<void>&) : cancellation(&scope->cancellation_) {}
    Root get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

TaskScope::Root TaskScope::run(TaskScope* scope, Task<void> task) {
  {
    Task<void> owned = std::move(task);  // its frame is gone before the scope hears of the end
    co_await std::move(owned);
  }
  scope->ended();
}

TaskScope::~TaskScope() {
  if (running_ == 0) return;
  std::fputs("bug: a TaskScope was destroyed while its tasks were running\n", stderr);
  std::abort();
}

void TaskScope::spawn(Task<void> task) {
  ++running_;
  run(this, std::move(task));
}

void TaskScope::ended() {
  --running_;
  if (running_ == 0 && joiner_ != nullptr) joiner_->set(Done{});
}

Task<void> TaskScope::join() {
  while (running_ > 0) {
    OneShot<Done> all_ended(loop_);
    joiner_ = &all_ended;
    // Even a cancelled joiner has to wait: its tasks may point into its frame.
    (void)co_await all_ended.wait_through_cancellation();
    joiner_ = nullptr;
  }
}

Task<void> TaskScope::close() {
  cancel();
  co_await join();
}

}  // namespace runtime
