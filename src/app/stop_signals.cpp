#include "app/stop_signals.h"

#include <csignal>

namespace worker {

StopSignals::StopSignals(runtime::EventLoop& loop, std::function<void(int)> told) : handles_(new Handles) {
  handles_->told = std::move(told);
  const auto watch = [&](uv_signal_t& handle, int number) {
    uv_signal_init(loop.uv(), &handle);
    handle.data = handles_;
    uv_signal_start(
        &handle, [](uv_signal_t* fired, int signal) { static_cast<Handles*>(fired->data)->told(signal); },
        number);
    ++handles_->open;
  };
  watch(handles_->terminate, SIGTERM);
  watch(handles_->interrupt, SIGINT);
}

StopSignals::~StopSignals() {
  handles_->told = [](int) {};
  for (uv_signal_t* handle : {&handles_->terminate, &handles_->interrupt}) {
    uv_close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
      auto* handles = static_cast<Handles*>(closed->data);
      if (--handles->open == 0) delete handles;
    });
  }
}

}  // namespace worker
