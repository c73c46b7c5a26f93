// An account on a loop that the test drives: played time, a real store lane, a store in memory.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"
#include "whatsapp/store/memory_device_store.h"

namespace whatsapp::test {

/// A store whose disk can fill up.
class FragileStore final : public store::MemoryDeviceStore {
 public:
  store::Result<void> commit(const store::Changes& changes) override {
    if (broken) return base::fail(base::ErrorCode::kIo, "disk full");
    ++commits;
    return MemoryDeviceStore::commit(changes);
  }
  std::atomic<bool> broken{false};
  std::atomic<int> commits{0};
};

class Observer final : public ClientObserver {
 public:
  void on_qr(const std::string& text, base::Duration valid_for) override {
    codes.push_back(text);
    lifetimes.push_back(valid_for);
  }
  void on_pairing_code(const std::string& code, base::Duration) override { pairing_codes.push_back(code); }
  void on_no_pairing_code(const std::string& reason) override { no_codes.push_back(reason); }
  void on_pairing_code_typed() override { ++typed; }
  void on_passkey(const PasskeyNews& news) override { passkey.push_back(news); }
  void on_paired(const Self& self) override { paired.push_back(self); }
  void on_open(const Self& self) override { opened.push_back(self); }
  void on_synced() override { ++synced; }
  void on_decrypt_failure(const DecryptFailure&) override {}
  void on_decrypt_repaired(const std::string&) override {}

  std::vector<std::string> codes;
  std::vector<base::Duration> lifetimes;
  std::vector<std::string> pairing_codes;  // as shown, typed into the phone
  std::vector<std::string> no_codes;       // reasons
  std::vector<PasskeyNews> passkey;
  int typed = 0;
  std::vector<Self> paired;
  std::vector<Self> opened;
  int synced = 0;
};

struct AccountBench {
  AccountBench() : AccountBench(std::make_unique<FragileStore>()) {}
  explicit AccountBench(std::unique_ptr<FragileStore> owned)
      : device_store(owned.get()), store(std::move(owned), executor.lane(loop)) {}
  ~AccountBench() {
    scope.cancel();
    until([this] { return scope.running() == 0; });
    scope_for_close.spawn(store.close());
    until([this] { return scope_for_close.running() == 0; });
  }

  /// Turns the loop until `condition` holds; time does not move.
  template <class Condition>
  void until(Condition condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) {
      loop.run_until_idle();
      if (!condition()) std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
    REQUIRE(condition());
  }
  /// Moves the time in steps, each followed by what it causes.
  void pass(std::chrono::milliseconds time, std::chrono::milliseconds step = std::chrono::seconds{1}) {
    for (auto passed = step; passed <= time; passed += step) {
      clock.advance(step);
      settle();
    }
  }
  /// Everything that is under way, the store's lane included.
  void settle() {
    for (int round = 0; round < 3; ++round) {
      bool done = false;
      auto nothing = [](store::DeviceStore&) { return store::Result<int>{0}; };
      scope.spawn(touch(store, nothing, done));
      for (int i = 0; i < 20'000 && !done; ++i) {
        loop.run_until_idle();
        if (!done) std::this_thread::sleep_for(std::chrono::microseconds{50});
      }
      loop.run_until_idle();
    }
  }
  template <class Query>
  static runtime::Task<void> touch(AccountStore& account, Query query, bool& done) {
    (void)co_await account.read(query);
    done = true;
  }
  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  /// Runs a task to its end.
  template <class T>
  T run(runtime::Task<T> task) {
    std::optional<T> out;
    scope.spawn(keep(std::move(task), out));
    until([&] { return out.has_value(); });
    return *std::move(out);
  }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  base::SeededRandom random{7};
  runtime::BlockingExecutor executor{1};
  FragileStore* device_store;
  AccountStore store;
  Observer observer;
  runtime::TaskScope scope{loop};
  runtime::TaskScope scope_for_close{loop};
};

}  // namespace whatsapp::test
