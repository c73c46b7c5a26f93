// Gives memory back to the system after bursts. A start with many accounts opens every store once; glibc
// keeps what was freed then, spread over its arenas, for as long as the process lives. Between bursts the
// heap is looked at, and trimmed when much of it is free.
#pragma once

#include "base/clock.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace worker {

struct MemoryTrimSettings {
  base::Duration look_every{10'000};
  std::size_t least_change = 4u << 20;  // bytes of free memory, since the last trim
  double least_share = 0.1;             // of the heap that is free
};

/// Until cancelled. Trimming runs on a thread of the executor: it can take some milliseconds.
runtime::Task<void> trim_memory(runtime::EventLoop& loop, runtime::BlockingExecutor& executor,
                                MemoryTrimSettings settings);

}  // namespace worker
