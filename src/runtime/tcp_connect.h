// Makes a TCP connection on the loop, raw: the socket belongs to the caller. Internal to this room.
#pragma once

#include <string>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace runtime {

/// `address` is numeric. The socket does not block. Errors: kUnavailable, kTimeout, kCancelled.
Task<base::Result<int>> connect_tcp(EventLoop& loop, std::string address, int port,
                                    EventLoop::Clock::time_point deadline);

}  // namespace runtime
