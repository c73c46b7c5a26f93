// SIGTERM and SIGINT as an event of the loop.
#pragma once

#include <uv.h>

#include <functional>

#include "runtime/event_loop.h"

namespace worker {

class StopSignals {
 public:
  /// `told` is called on the loop, once per signal.
  StopSignals(runtime::EventLoop& loop, std::function<void(int signal)> told);
  ~StopSignals();  // the loop must still exist: it closes the handles
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct Handles {
    uv_signal_t terminate{};
    uv_signal_t interrupt{};
    std::function<void(int)> told;
    int open = 0;
  };
  Handles* handles_;  // frees itself when libuv has closed both
};

}  // namespace worker
