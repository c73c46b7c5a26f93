#include "runtime/blocking_executor.h"

namespace runtime {

BlockingExecutor::BlockingExecutor(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    auto& worker = *workers_.emplace_back(std::make_unique<Worker>());
    worker.thread = std::thread([&worker] { serve(worker); });
  }
}

BlockingExecutor::~BlockingExecutor() {
  for (auto& worker : workers_) {
    {
      const std::scoped_lock lock(worker->mutex);
      worker->stopping = true;
    }
    worker->has_jobs.notify_one();
  }
  for (auto& worker : workers_) worker->thread.join();
}

void BlockingExecutor::submit(std::size_t thread, std::function<void()> job) {
  Worker& worker = *workers_[thread];
  {
    const std::scoped_lock lock(worker.mutex);
    worker.jobs.push_back(std::move(job));
  }
  worker.has_jobs.notify_one();
}

void BlockingExecutor::serve(Worker& worker) {
  std::unique_lock lock(worker.mutex);
  for (;;) {
    worker.has_jobs.wait(lock, [&] { return worker.stopping || !worker.jobs.empty(); });
    if (worker.jobs.empty()) return;
    auto job = std::move(worker.jobs.front());
    worker.jobs.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace runtime
