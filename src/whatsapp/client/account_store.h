// The one door of the live client to its DeviceStore. Reads and commits run on the account's lane of the
// blocking executor, in order, so the loop never waits for a disk and a read sees every commit asked for
// before it. Commits asked for in one loop turn, or while another is being written, share a transaction.
//
// Persist before you promise: `co_await store.commit(changes)` returns when the changes are durable; only
// then is the stanza written, the ack sent, the mark posted.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

class AccountStore {
 public:
  AccountStore(std::unique_ptr<store::DeviceStore> device, runtime::BlockingExecutor::Lane lane);
  ~AccountStore();  // no commit may be under way: await close() first
  AccountStore(const AccountStore&) = delete;
  AccountStore& operator=(const AccountStore&) = delete;

  /// Runs `query(DeviceStore&)` (returning a Result) on the lane, after all commits asked for before.
  template <class Query>
  runtime::Task<std::invoke_result_t<Query, store::DeviceStore&>> read(Query query) {
    flush_now();
    auto job = [this, &query] { return query(*device_); };
    co_return co_await lane_.run(job);
  }

  /// Durable when it returns. A failed commit (disk full, read-only) fails every commit of its batch, and
  /// the account must close its connection without acking: the server keeps what was not acked.
  /// Not cancellable: what was asked for is written.
  runtime::Task<base::Result<void>> commit(store::Changes changes);

  /// Waits for what is under way, then closes the file.
  runtime::Task<void> close();

 private:
  struct Batch;
  void flush_now();

  std::unique_ptr<store::DeviceStore> device_;
  runtime::BlockingExecutor::Lane lane_;
  std::shared_ptr<Batch> open_batch_;
  std::size_t batches_in_flight_ = 0;
  bool flush_scheduled_ = false;
};

}  // namespace whatsapp
