// Another program, run for one job: what it writes to standard output comes back, and it is killed when it
// takes too long, says too much, or nobody waits for it any more.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace runtime {

struct ChildRequest {
  std::string program;  // path
  std::vector<std::string> arguments{};
  std::vector<int> files{};  // descriptors that the child gets as 3, 4, …; they stay ours to close
  base::Duration timeout{30'000};
  std::size_t max_output = 1u << 20;  // bytes
};

struct ChildResult {
  int exit_status = 0;
  int signal = 0;  // that ended it; 0: none
  base::Bytes output;
};

/// With an empty environment; standard input and error lead nowhere. kNotFound: no such program; kTimeout;
/// kLimit: too much output; kCancelled; kIo. The child is gone when this returns.
Task<base::Result<ChildResult>> run_child(EventLoop& loop, ChildRequest request);

}  // namespace runtime
