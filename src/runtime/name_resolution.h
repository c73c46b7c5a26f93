// Host names to addresses, on libuv's thread pool: a slow name server never blocks the loop.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace runtime {

/// Numeric addresses of `host` in the order to try them, at least one. A numeric host is its own address.
/// kUnavailable when the name cannot be resolved, kTimeout after `deadline`.
Task<base::Result<std::vector<std::string>>> resolve(EventLoop& loop, std::string host,
                                                     EventLoop::Clock::time_point deadline);

}  // namespace runtime
