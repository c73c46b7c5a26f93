// An account's store on a loop with a manual clock: what the rooms above the client need to play their part.
#pragma once

#include <doctest/doctest.h>

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/store/memory_device_store.h"

namespace worker::testing {

struct StoreBench {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  runtime::BlockingExecutor executor{1};
  runtime::TaskScope scope{loop}, probe{loop};
  base::SeededRandom random{3};
  whatsapp::store::MemoryDeviceStore* memory = nullptr;
  whatsapp::AccountStore store{new_memory(), executor.lane(loop)};

  ~StoreBench() {
    scope.cancel();
    settle();
    CHECK(scope.running() == 0);
    probe.spawn(store.close());
    while (probe.running() != 0) loop.run_once();
  }

  /// Until nothing moves but time.
  void settle() {
    for (int round = 0; round < 6; ++round) {
      bool done = false;
      probe.spawn(probe_lane(done));
      while (!done) loop.run_once();
      loop.run_until_idle();
    }
  }
  void play(base::Duration time, base::Duration step = base::Duration{100}) {
    for (auto end = clock.now() + time; clock.now() < end; clock.advance(step)) settle();
    settle();
  }
  void commit(whatsapp::store::Changes changes) {
    probe.spawn(commit_now(std::move(changes)));
    settle();
  }

 private:
  std::unique_ptr<whatsapp::store::DeviceStore> new_memory() {
    auto made = std::make_unique<whatsapp::store::MemoryDeviceStore>();
    memory = made.get();
    return made;
  }
  runtime::Task<void> commit_now(whatsapp::store::Changes changes) {
    const auto done = co_await store.commit(std::move(changes));
    CHECK(done);
  }
  runtime::Task<void> probe_lane(bool& done) {
    auto lane = executor.lane(loop);
    const auto nothing = [] {};
    co_await lane.run(nothing);
    done = true;
  }
};

}  // namespace worker::testing
