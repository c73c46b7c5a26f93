// The one door of the live client to its DeviceStore. Reads and commits run on the account's lane of the
// blocking executor, in order, so the loop never waits for a disk and a read sees every commit asked for
// before it. Commits asked for in one loop turn, or while another is being written, share a transaction.
//
// Persist before you promise: `co_await store.commit(changes)` returns when the changes are durable; only
// then is the stanza written, the ack sent, the mark posted.
//
// An account that is left alone for a while closes its file and keeps only its lock; the next use opens it
// again. Expired rows are purged now and then behind a commit.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

class AccountStore;

/// How many accounts of one loop may have their file open at a time; the one unused longest is closed first.
/// An open file costs about 100 KiB and two descriptors.
class OpenStores {
 public:
  explicit OpenStores(std::size_t limit) : limit_(limit) {}
  [[nodiscard]] std::size_t size() const { return by_use_.size(); }

 private:
  friend class AccountStore;
  using Place = std::list<AccountStore*>::iterator;
  std::size_t limit_;
  std::list<AccountStore*> by_use_;  // the latest first
};

struct AccountStoreSettings {
  base::Duration rest_after{10'000};        // unused for so long, the file is closed
  base::Duration first_purge{10 * 60'000};  // after the start
  base::Duration purge_every{6 * 3'600'000};
  OpenStores* open_stores = nullptr;  // shared by the accounts of a loop; null: no common limit
};

class AccountStore {
 public:
  AccountStore(std::unique_ptr<store::DeviceStore> device, runtime::BlockingExecutor::Lane lane,
               AccountStoreSettings settings = {});
  ~AccountStore();  // no commit may be under way: await close() first
  AccountStore(const AccountStore&) = delete;
  AccountStore& operator=(const AccountStore&) = delete;

  /// Runs `query(DeviceStore&)` (returning a Result) on the lane, after all commits asked for before. kClosed
  /// after close().
  template <class Query>
  runtime::Task<std::invoke_result_t<Query, store::DeviceStore&>> read(Query query) {
    if (closed_) co_return base::fail(base::ErrorCode::kClosed, "the account's store is closed");
    note_use();
    flush_now();
    auto job = [this, &query] { return query(*device_); };
    co_return co_await lane_.run(job);
  }

  /// Runs a long computation off the loop, on the same lane, and returns its value.
  template <class Job>
  runtime::Task<std::invoke_result_t<Job>> compute(Job job) {
    co_return co_await lane_.run(job);
  }

  /// Durable when it returns. A failed commit (disk full, read-only) fails every commit of its batch, and
  /// the account must close its connection without acking: the server keeps what was not acked.
  /// Not cancellable: what was asked for is written. kClosed after close().
  runtime::Task<base::Result<void>> commit(store::Changes changes);

  /// Waits for what is under way, then closes the file and gives up the account.
  runtime::Task<void> close();

 private:
  struct Batch;

  void flush_when_turn_ends();
  void flush_now();
  runtime::Task<void> write(std::shared_ptr<Batch> batch);
  bool purge_is_due();

  void note_use();
  void watch_idleness();
  void rest();
  runtime::Task<void> rest_on_lane();
  void leave_open_stores();

  std::unique_ptr<store::DeviceStore> device_;  // touched on the lane only
  runtime::BlockingExecutor::Lane lane_;
  AccountStoreSettings settings_;
  runtime::TaskScope work_;
  std::shared_ptr<Batch> open_batch_;  // still taking commits
  std::size_t batches_in_flight_ = 0;
  bool closed_ = false;

  base::Clock::time_point last_use_{};
  base::Clock::time_point next_purge_;
  runtime::EventLoop::TimerId idle_timer_ = 0;
  OpenStores::Place place_;  // in settings_.open_stores
  bool counted_open_ = false;
};

}  // namespace whatsapp
