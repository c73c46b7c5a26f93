// Order where it matters, speed where it does not: tasks of one key run one after the other in the order they
// were added, tasks of different keys side by side, at most so many at a time. A key that has more to do
// lines up again behind the others after each task, so a busy one does not starve the rest.
//
//   lanes.add(chat, forward(row));   // the task starts when its turn comes
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "runtime/task.h"
#include "runtime/task_scope.h"

namespace runtime {

class KeyedLanes {
 public:
  /// Tasks run in `scope`, which outlives this. Once the scope is cancelled no further task is started; those
  /// that still wait are dropped unstarted.
  KeyedLanes(TaskScope& scope, std::size_t most_parallel) : scope_(scope), most_parallel_(most_parallel) {}
  KeyedLanes(const KeyedLanes&) = delete;
  KeyedLanes& operator=(const KeyedLanes&) = delete;

  /// May start the task at once, on this stack.
  void add(const std::string& key, Task<void> task);

  /// Tasks added and not yet ended.
  [[nodiscard]] std::size_t pending() const { return pending_; }

 private:
  using Lane = std::deque<Task<void>>;
  Task<void> work();
  Task<void> run_next(std::string key);

  TaskScope& scope_;
  std::size_t most_parallel_;
  std::size_t running_ = 0;
  std::size_t pending_ = 0;
  std::unordered_map<std::string, Lane> lanes_;  // has a key from its first task until its last has ended
  std::deque<std::string> ready_;                // keys with a task to start, none of it running
};

}  // namespace runtime
