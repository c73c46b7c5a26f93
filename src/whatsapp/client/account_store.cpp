#include "whatsapp/client/account_store.h"

#include <vector>

namespace whatsapp {

using base::Result;
using runtime::Done;
using runtime::OneShot;
using runtime::Task;

/// Changes that become durable together, and who waits for that.
struct AccountStore::Batch {
  store::Changes changes;
  std::vector<OneShot<Done>*> waiters;
};

AccountStore::AccountStore(std::unique_ptr<store::DeviceStore> device, runtime::BlockingExecutor::Lane lane,
                           AccountStoreSettings settings)
    : device_(std::move(device)),
      lane_(lane),
      settings_(settings),
      work_(lane.loop()),
      next_purge_(lane.loop().clock().now() + settings.first_purge) {}

AccountStore::~AccountStore() {
  lane_.loop().cancel_timer(idle_timer_);
  leave_open_stores();
}

// ---- commits --------------------------------------------------------------------------------------

Task<Result<void>> AccountStore::commit(store::Changes changes) {
  if (closed_) co_return base::fail(base::ErrorCode::kClosed, "the account's store is closed");
  if (changes.empty()) co_return Result<void>{};
  note_use();
  if (!open_batch_) {
    open_batch_ = std::make_shared<Batch>();
    // While another batch is being written this one keeps taking commits: the writer's end flushes it.
    if (batches_in_flight_ == 0) flush_when_turn_ends();
  }
  open_batch_->changes.merge(std::move(changes));
  OneShot<Done> durable(lane_.loop());
  open_batch_->waiters.push_back(&durable);
  const auto written = co_await durable.wait_through_cancellation();
  if (!written) co_return base::fail(written.error());
  co_return Result<void>{};
}

void AccountStore::flush_when_turn_ends() {
  // A batch that still lives is open or being written, and then so do we.
  lane_.loop().defer([this, weak = std::weak_ptr<Batch>(open_batch_)] {
    if (const auto batch = weak.lock(); batch && batch == open_batch_) flush_now();
  });
}

void AccountStore::flush_now() {
  if (open_batch_) work_.spawn(write(std::exchange(open_batch_, nullptr)));
}

Task<void> AccountStore::write(std::shared_ptr<Batch> batch) {
  ++batches_in_flight_;
  const bool purge = purge_is_due();
  const auto now = lane_.loop().clock().unix_seconds();
  auto job = [this, &batch, purge, now]() -> Result<void> {
    auto written = device_->commit(batch->changes);
    // What a failed purge means is told by the next commit.
    if (written && purge) (void)device_->purge(now);
    return written;
  };
  const Result<void> written = co_await lane_.run(job);
  --batches_in_flight_;
  for (auto* waiter : batch->waiters) {
    if (written) {
      waiter->set(Done{});
    } else {
      waiter->set(base::fail(written.error()));
    }
  }
  flush_now();
}

bool AccountStore::purge_is_due() {
  const auto now = lane_.loop().clock().now();
  if (now < next_purge_) return false;
  next_purge_ = now + settings_.purge_every;
  return true;
}

Task<void> AccountStore::close() {
  if (closed_) co_return;
  closed_ = true;
  lane_.loop().cancel_timer(std::exchange(idle_timer_, 0));
  leave_open_stores();
  flush_now();
  co_await work_.join();
  auto job = [this] { device_.reset(); };
  co_await lane_.run(job);
}

// ---- resting --------------------------------------------------------------------------------------

void AccountStore::note_use() {
  last_use_ = lane_.loop().clock().now();
  if (idle_timer_ == 0) watch_idleness();
  OpenStores* shared = settings_.open_stores;
  if (shared == nullptr) return;
  if (counted_open_) {
    shared->by_use_.splice(shared->by_use_.begin(), shared->by_use_, place_);
  } else {
    place_ = shared->by_use_.insert(shared->by_use_.begin(), this);
    counted_open_ = true;
  }
  if (shared->by_use_.size() > shared->limit_ && shared->by_use_.back() != this)
    shared->by_use_.back()->rest();
}

void AccountStore::watch_idleness() {
  idle_timer_ = lane_.loop().call_at(last_use_ + settings_.rest_after, [this] {
    idle_timer_ = 0;
    const bool idle = lane_.loop().clock().now() >= last_use_ + settings_.rest_after;
    if (idle && batches_in_flight_ == 0 && !open_batch_) {
      rest();
    } else {
      last_use_ = idle ? lane_.loop().clock().now() : last_use_;
      watch_idleness();
    }
  });
}

void AccountStore::rest() {
  lane_.loop().cancel_timer(std::exchange(idle_timer_, 0));
  leave_open_stores();
  flush_now();
  work_.spawn(rest_on_lane());
}

Task<void> AccountStore::rest_on_lane() {
  auto job = [this] { device_->rest(); };
  co_await lane_.run(job);
}

void AccountStore::leave_open_stores() {
  if (!counted_open_) return;
  settings_.open_stores->by_use_.erase(place_);
  counted_open_ = false;
}

}  // namespace whatsapp
