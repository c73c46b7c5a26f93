#include "whatsapp/client/account_store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

#include "unit/whatsapp/store/temporary_folder.h"
#include "whatsapp/store/memory_device_store.h"
#include "whatsapp/store/sqlite_device_store.h"

using namespace std::chrono_literals;
using base::Bytes;
using base::ErrorCode;
using base::Result;
using runtime::Task;
using whatsapp::AccountStore;
using whatsapp::store::Changes;
using whatsapp::store::DeviceStore;

namespace {

/// Commits wait at a gate, so that a test can see what gathers behind one that is being written.
class GatedStore final : public whatsapp::store::MemoryDeviceStore {
 public:
  Result<void> commit(const Changes& changes) override {
    entered.release();
    gate.acquire();
    return MemoryDeviceStore::commit(changes);
  }
  Result<void> purge(whatsapp::store::UnixSeconds now) override {
    purged_at.push_back(now);
    return MemoryDeviceStore::purge(now);
  }
  void rest() override { ++rests; }

  std::counting_semaphore<> gate{1'000};
  std::counting_semaphore<> entered{0};
  std::vector<whatsapp::store::UnixSeconds> purged_at;
  std::atomic<int> rests{0};
};

Changes value(const std::string& name, Bytes bytes = {1}) {
  Changes changes;
  changes.values.emplace_back(name, std::move(bytes));
  return changes;
}

/// An account on a real lane, its loop driven by the test.
struct Account {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  runtime::TaskScope scope{loop};
  runtime::BlockingExecutor executor{2};
  GatedStore* device;
  AccountStore store;

  explicit Account(whatsapp::AccountStoreSettings settings = {})
      : Account(std::make_unique<GatedStore>(), settings) {}
  Account(std::unique_ptr<GatedStore> owned, whatsapp::AccountStoreSettings settings)
      : device(owned.get()), store(std::move(owned), executor.lane(loop), settings) {}
  ~Account() {
    scope.spawn(store.close());
    run_until([this] { return scope.running() == 0; });
  }

  template <class Condition>
  void run_until(Condition condition) {
    for (int i = 0; i < 5'000 && !condition(); ++i) {
      loop.run_until_idle();
      if (!condition()) std::this_thread::sleep_for(1ms);
    }
    REQUIRE(condition());
  }
  void run_to_end() {
    run_until([this] { return scope.running() == 0; });
  }
};

Task<void> commit_into(AccountStore& store, Changes changes, std::vector<Result<void>>& results) {
  auto result = co_await store.commit(std::move(changes));
  results.push_back(std::move(result));
}

using Value = Result<std::optional<Bytes>>;

Task<void> read_into(AccountStore& store, std::string name, std::vector<Value>& results) {
  const auto query = [&](DeviceStore& device) { return device.value(name); };
  auto result = co_await store.read(query);
  results.push_back(std::move(result));
}

}  // namespace

TEST_CASE("commits asked for in one turn share a transaction and are durable when they return") {
  Account account;
  std::vector<Result<void>> results;
  for (int i = 0; i < 5; ++i)
    account.scope.spawn(commit_into(account.store, value(std::to_string(i)), results));
  CHECK(results.empty());
  account.run_to_end();
  CHECK(results.size() == 5);
  for (const auto& result : results) CHECK(result.has_value());
  CHECK(account.device->commits() == 1);
  CHECK(account.device->value("4").value() == Bytes{1});
}

TEST_CASE("commits asked for while one is being written wait together for the next transaction") {
  Account account;
  while (account.device->gate.try_acquire()) {
  }
  std::vector<Result<void>> results;
  account.scope.spawn(commit_into(account.store, value("first"), results));
  account.loop.run_until_idle();
  account.device->entered.acquire();
  for (int i = 0; i < 4; ++i) {
    account.scope.spawn(commit_into(account.store, value("later", {static_cast<std::uint8_t>(i)}), results));
    account.loop.run_until_idle();
  }
  CHECK(results.empty());
  account.device->gate.release(2);
  account.run_to_end();
  CHECK(results.size() == 5);
  CHECK(account.device->commits() == 2);
  CHECK(account.device->value("later").value() == Bytes{3});
}

TEST_CASE("a read sees every commit asked for before it, even when nobody has awaited that yet") {
  Account account;
  std::vector<Result<void>> committed;
  std::vector<Value> read;
  account.scope.spawn(commit_into(account.store, value("a", {1}), committed));
  account.scope.spawn(read_into(account.store, "a", read));
  account.scope.spawn(commit_into(account.store, value("a", {2}), committed));
  account.scope.spawn(read_into(account.store, "a", read));
  account.run_to_end();
  REQUIRE(read.size() == 2);
  CHECK(read[0].value() == Bytes{1});
  CHECK(read[1].value() == Bytes{2});
}

TEST_CASE("a transaction that fails fails every commit in it, and the next one may succeed") {
  Account account;
  account.device->fail_commits_with(base::Error{ErrorCode::kIo, "the disk is full"});
  std::vector<Result<void>> results;
  for (int i = 0; i < 3; ++i) account.scope.spawn(commit_into(account.store, value("a"), results));
  account.run_to_end();
  REQUIRE(results.size() == 3);
  for (const auto& result : results) CHECK(result.error().code == ErrorCode::kIo);

  account.device->fail_commits_with(std::nullopt);
  account.scope.spawn(commit_into(account.store, value("a"), results));
  account.run_to_end();
  CHECK(results.back().has_value());
}

TEST_CASE("a commit whose scope is cancelled is written all the same") {
  Account account;
  std::vector<Result<void>> results;
  account.scope.spawn(commit_into(account.store, value("a"), results));
  account.scope.cancel();
  account.run_to_end();
  CHECK(results.at(0).has_value());
  CHECK(account.device->value("a").value().has_value());
}

TEST_CASE("close writes what was asked for, then refuses with kClosed") {
  base::ManualClock clock;
  runtime::EventLoop loop(clock);
  runtime::BlockingExecutor executor(1);
  const TemporaryFolder folder;
  {
    AccountStore store(whatsapp::store::SqliteDeviceStore::open({folder.path()}).value(),
                       executor.lane(loop));
    runtime::TaskScope scope(loop);
    std::vector<Result<void>> results;
    std::vector<Value> read;
    scope.spawn(commit_into(store, value("a"), results));
    scope.spawn(store.close());
    scope.spawn(commit_into(store, value("b"), results));
    scope.spawn(read_into(store, "a", read));
    while (scope.running() != 0) loop.run_once();
    REQUIRE(results.size() == 2);
    CHECK(results[0].error().code == ErrorCode::kClosed);  // "b", refused at once
    CHECK(results[1].has_value());
    CHECK(read.at(0).error().code == ErrorCode::kClosed);
    // The account is free although the AccountStore still exists.
    const auto next = whatsapp::store::SqliteDeviceStore::open({folder.path()}).value();
    CHECK(next->value("a").value() == Bytes{1});
    CHECK_FALSE(next->value("b").value().has_value());
  }
}

TEST_CASE("an account that is left alone rests after its time, once, and again after the next use") {
  Account account({.rest_after = 10s});
  std::vector<Result<void>> results;
  account.scope.spawn(commit_into(account.store, value("a"), results));
  account.run_to_end();
  account.clock.advance(6s);
  account.scope.spawn(commit_into(account.store, value("b"), results));
  account.run_to_end();
  account.clock.advance(6s);  // 12 s after the first use, 6 s after the last
  account.loop.run_until_idle();
  account.scope.spawn(commit_into(account.store, value("c"), results));
  account.run_to_end();
  CHECK(account.device->rests == 0);

  account.clock.advance(10s);
  account.run_until([&] { return account.device->rests == 1; });
  account.clock.advance(1h);
  account.loop.run_until_idle();
  CHECK(account.device->rests == 1);

  account.scope.spawn(commit_into(account.store, value("d"), results));
  account.run_to_end();
  account.clock.advance(10s);
  account.run_until([&] { return account.device->rests == 2; });
}

TEST_CASE("when too many files are open the account unused longest rests first") {
  whatsapp::OpenStores open_stores(2);
  const whatsapp::AccountStoreSettings settings{.open_stores = &open_stores};
  Account a(settings), b(settings), c(settings);
  std::vector<Result<void>> results;
  for (Account* account : {&a, &b, &a, &c}) {
    account->scope.spawn(commit_into(account->store, value("x"), results));
    account->run_to_end();
  }
  b.run_until([&] { return b.device->rests == 1; });
  CHECK(a.device->rests == 0);
  CHECK(c.device->rests == 0);
  CHECK(open_stores.size() == 2);
}

TEST_CASE(
    "expired rows are purged behind a commit, first ten minutes after the start, then every six hours") {
  Account account;
  std::vector<Result<void>> results;
  const auto commit_after = [&](base::Duration pause) {
    account.clock.advance(pause);
    account.scope.spawn(commit_into(account.store, value("a"), results));
    account.run_to_end();
    return account.device->purged_at.size();
  };
  CHECK(commit_after(9min) == 0);
  CHECK(commit_after(1min) == 1);
  CHECK(account.device->purged_at.at(0) == account.clock.unix_seconds());
  CHECK(commit_after(5h) == 1);
  CHECK(commit_after(1h) == 2);
}
