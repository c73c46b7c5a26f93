// TaskScope: where tasks run that nobody awaits one by one. Every task belongs to a scope; closing the
// scope cancels its tasks and waits for them. There is no detached work.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"

namespace runtime {

class TaskScope {
 public:
  explicit TaskScope(EventLoop& loop) : loop_(loop) {}
  /// Cancelled when `parent` is.
  TaskScope(EventLoop& loop, Cancellation* parent) : loop_(loop), cancellation_(parent) {}
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  /// The scope must have been closed or be idle: a running task here is a bug and ends the process.
  ~TaskScope();

  /// Starts `task` now, on this stack, until it first waits.
  void spawn(Task<void> task);
  /// Asks every task to stop; returns at once.
  void cancel() { cancellation_.cancel(); }
  /// Waits until every task has ended by itself. Not itself cancellable.
  Task<void> join();
  /// cancel() and join().
  Task<void> close();

  [[nodiscard]] std::size_t running() const { return running_; }
  [[nodiscard]] bool cancelled() const { return cancellation_.cancelled(); }
  [[nodiscard]] Cancellation& cancellation() { return cancellation_; }
  [[nodiscard]] EventLoop& loop() { return loop_; }

 private:
  struct Root;
  static Root run(TaskScope* scope, Task<void> task);
  void ended();

  EventLoop& loop_;
  Cancellation cancellation_;
  std::size_t running_ = 0;
  OneShot<Done>* joiner_ = nullptr;
};

namespace detail {
template <class T>
Task<void> keep_result(Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}
}  // namespace detail

/// Runs `task` so that it is cancelled with `cancellation` instead of with the caller; the caller goes on
/// after it, to put things in order.
template <class T>
Task<T> run_under(EventLoop& loop, Cancellation& cancellation, Task<T> task) {
  TaskScope scope(loop, &cancellation);
  std::optional<T> result;
  scope.spawn(detail::keep_result(std::move(task), result));
  co_await scope.join();
  co_return std::move(*result);
}

}  // namespace runtime
