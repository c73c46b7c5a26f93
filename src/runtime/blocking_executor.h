// Threads for work that blocks: SQLite commits, files, long computations. Jobs of one lane run one at a
// time in their order; different lanes run side by side. The loop never blocks.
//
//   auto count = co_await lane.run([&db] { return db.count(); });   // name the lambda first, see task.h
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

#include "runtime/one_shot.h"

namespace runtime {

class BlockingExecutor {
 public:
  explicit BlockingExecutor(std::size_t threads);
  ~BlockingExecutor();  // finishes what is queued, then joins
  BlockingExecutor(const BlockingExecutor&) = delete;
  BlockingExecutor& operator=(const BlockingExecutor&) = delete;

  /// A sequence of jobs bound to one thread of the pool, and to one loop that hears of the results.
  class Lane {
   public:
    Lane(BlockingExecutor& executor, EventLoop& loop, std::size_t thread)
        : executor_(&executor), loop_(&loop), thread_(thread) {}

    /// Runs `job()` on the lane's thread and returns its value on the loop. Waits for the job even when
    /// the scope is cancelled meanwhile: the job may point into the caller's frame.
    template <class Job>
    Task<std::invoke_result_t<Job>> run(Job job) {
      using Value = std::invoke_result_t<Job>;
      OneShot<Done> finished(*loop_);
      std::conditional_t<std::is_void_v<Value>, std::monostate, std::optional<Value>> value;
      executor_->submit(thread_, [&] {
        if constexpr (std::is_void_v<Value>) {
          job();
        } else {
          value.emplace(job());
        }
        loop_->post([&finished] { finished.set(Done{}); });
      });
      (void)co_await finished.wait_through_cancellation();
      if constexpr (!std::is_void_v<Value>) co_return std::move(*value);
    }
    [[nodiscard]] EventLoop& loop() const { return *loop_; }

   private:
    BlockingExecutor* executor_;
    EventLoop* loop_;
    std::size_t thread_;
  };

  /// Lanes are dealt to the threads in turn.
  Lane lane(EventLoop& loop) { return Lane{*this, loop, next_thread_++ % workers_.size()}; }

 private:
  struct Worker {
    std::mutex mutex;
    std::condition_variable has_jobs;
    std::deque<std::function<void()>> jobs;  // guarded by mutex
    bool stopping = false;                   // guarded by mutex
    std::thread thread;
  };
  void submit(std::size_t thread, std::function<void()> job);
  static void serve(Worker& worker);

  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> next_thread_{0};
};

}  // namespace runtime
