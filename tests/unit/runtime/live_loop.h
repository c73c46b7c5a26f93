// A loop on real time for tests with real sockets: turns until something holds, or half a minute passed.
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>

#include "base/clock.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"

struct LiveLoop {
  LiveLoop() : loop(clock), scope(loop), tick(new uv_timer_t) {
    uv_timer_init(loop.uv(), tick);
    uv_timer_start(
        tick, [](uv_timer_t*) {}, 5, 5);  // so that a turn never blocks for long
  }
  ~LiveLoop() {
    close_scope();
    uv_close(reinterpret_cast<uv_handle_t*>(tick),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_timer_t*>(handle); });
  }

  bool until(const std::function<bool()>& holds, std::chrono::milliseconds limit = std::chrono::seconds{30}) {
    const auto end = clock.now() + limit;
    while (!holds()) {
      if (clock.now() > end) return false;
      uv_run(loop.uv(), UV_RUN_ONCE);
    }
    return true;
  }
  void turn_for(std::chrono::milliseconds time) {
    const auto end = clock.now() + time;
    until([&] { return clock.now() > end; });
  }
  /// Runs the task to its end.
  bool finish(runtime::Task<void> task) {
    const std::size_t before = scope.running();
    scope.spawn(std::move(task));
    return until([&] { return scope.running() == before; });
  }
  void close_scope() {
    scope.cancel();
    until([&] { return scope.running() == 0; });
  }

  base::SystemClock clock;
  runtime::EventLoop loop;
  runtime::TaskScope scope;
  uv_timer_t* tick;
};
