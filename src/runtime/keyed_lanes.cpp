#include "runtime/keyed_lanes.h"

#include <utility>

namespace runtime {

void KeyedLanes::add(const std::string& key, Task<void> task) {
  if (scope_.cancelled()) return;
  ++pending_;
  const auto [lane, is_new] = lanes_.try_emplace(key);
  lane->second.push_back(std::move(task));
  if (is_new) ready_.push_back(key);
  if (ready_.empty() || running_ >= most_parallel_) return;
  ++running_;
  scope_.spawn(work());
}

Task<void> KeyedLanes::work() {
  while (!ready_.empty() && !scope_.cancelled()) {
    std::string key = std::move(ready_.front());
    ready_.pop_front();
    co_await run_next(std::move(key));
  }
  --running_;
}

Task<void> KeyedLanes::run_next(std::string key) {
  Lane& lane = lanes_.find(key)->second;  // stays where it is: only this task's end erases it
  {
    Task<void> task = std::move(lane.front());
    lane.pop_front();
    co_await std::move(task);
  }
  --pending_;
  if (lane.empty()) {
    lanes_.erase(key);
  } else {
    ready_.push_back(std::move(key));
  }
}

}  // namespace runtime
