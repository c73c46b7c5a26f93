// Task<T>: a sequence that waits, written top to bottom. Lazy: it runs when awaited or spawned into a
// TaskScope. The awaiting coroutine hands its cancellation down, so closing a scope reaches every leaf.
//
//   Task<Result<Reply>> ask(Session& session) {
//     WA_CO_TRY(auto reply, co_await session.query(request));
//     co_return reply;
//   }
//
// Rules (g++ 12 miscompiles some temporaries in co_await): name lambdas and braced aggregates before
// the co_await; no lambda coroutines with captures; parameters by value only for owning types.
// An exception out of a task is a bug of ours: it ends the process.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/cancellation.h"

namespace runtime {

/// What every coroutine of ours knows: whom to wake, and which scope can cancel it.
struct PromiseBase {
  std::coroutine_handle<> continuation;
  Cancellation* cancellation = nullptr;
  bool starting = false;  // inside the first resume(), on the awaiter's stack
  bool finished_while_starting = false;

  std::suspend_always initial_suspend() noexcept { return {}; }

  // No symmetric transfer: without optimisation g++ does not turn it into a tail call, and a loop of
  // tasks that finish at once would grow the stack. A task that finishes during its start lets the
  // awaiter simply go on.
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      if (promise.starting) {
        promise.finished_while_starting = true;
      } else if (promise.continuation) {
        promise.continuation.resume();
      }
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
class [[nodiscard]] Task;

namespace detail {

template <class T>
struct TaskPromise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  requires std::convertible_to<U&&, T>
  void return_value(U&& result) { value.emplace(std::forward<U>(result)); }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  struct Awaiter {
    Handle task;
    bool await_ready() noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
      promise_type& promise = task.promise();
      promise.continuation = awaiting;
      promise.cancellation = awaiting.promise().cancellation;
      promise.starting = true;
      task.resume();
      promise.starting = false;
      return !promise.finished_while_starting;
    }
    T await_resume() { return task.promise().take(); }
  };
  Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() {
  return Task<T>{std::coroutine_handle<TaskPromise<T>>::from_promise(*this)};
}
inline Task<void> TaskPromise<void>::get_return_object() {
  return Task<void>{std::coroutine_handle<TaskPromise<void>>::from_promise(*this)};
}

}  // namespace detail

/// The cancellation of the coroutine that asks: `Cancellation* c = co_await current_cancellation();`
struct current_cancellation {
  Cancellation* found = nullptr;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    found = self.promise().cancellation;
    return false;
  }
  Cancellation* await_resume() const noexcept { return found; }
};

}  // namespace runtime
