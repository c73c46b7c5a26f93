// An edge that says what the test tells it to. Only what the manager and the lock ask is played; everything
// else fails, so a test that strays notices.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "edge/edge.h"

namespace worker::testing {

class FakeEdge : public edge::Edge {
 public:
  using Error = base::Error;

  explicit FakeEdge(const base::Clock& clock) : clock_(clock) {}

  std::function<base::Result<edge::WorkerSettings>()> on_settings = [] { return edge::WorkerSettings{}; };
  std::function<base::Result<std::vector<edge::EligibleInstance>>(std::uint32_t)> on_eligible =
      [](std::uint32_t) { return std::vector<edge::EligibleInstance>{}; };
  std::function<base::Result<edge::LockGrant>(const edge::LockRequest&)> on_acquire;
  std::function<base::Result<edge::LockGrant>(const edge::HeldLock&)> on_renew;
  std::vector<edge::HeldLock> released;

  Reply<edge::WorkerSettings> worker_settings(edge::Call) override { co_return on_settings(); }
  Reply<std::vector<edge::EligibleInstance>> eligible_instances(std::uint32_t limit, edge::Call) override {
    co_return on_eligible(limit);
  }
  Reply<edge::LockGrant> acquire_lock(edge::LockRequest request, edge::Call) override {
    auto grant = on_acquire(request);
    if (grant) grant->requested_at = clock_.now();
    co_return grant;
  }
  Reply<edge::LockGrant> renew_lock(edge::HeldLock lock, edge::Call) override {
    auto grant = on_renew(lock);
    if (grant) grant->requested_at = clock_.now();
    co_return grant;
  }
  Reply<void> release_lock(edge::HeldLock lock, std::string, edge::Call) override {
    released.push_back(std::move(lock));
    co_return base::Result<void>{};
  }

  Reply<void> update_status(edge::StatusUpdate, edge::Call) override { co_return base::Result<void>{}; }
  Reply<edge::QueueListing> queued_messages(std::string, edge::Call) override { co_return unplayed(); }
  Reply<void> mark_sent(edge::MarkSent, edge::Call) override { co_return unplayed(); }
  Reply<void> mark_failed(edge::MarkFailed, edge::Call) override { co_return unplayed(); }
  Reply<void> inbound(edge::InboundMessage, edge::Call) override { co_return unplayed(); }
  Reply<std::string> resolve_contact(edge::ContactQuery, edge::Call) override { co_return unplayed(); }
  Reply<std::optional<std::string>> primary_jid(std::string, std::string, edge::Call) override {
    co_return unplayed();
  }
  Reply<std::string> upload_media(edge::MediaUpload, edge::Call) override { co_return unplayed(); }
  Reply<edge::QueueListing> claim_messages(edge::ClaimRequest, edge::Call) override { co_return unplayed(); }
  Reply<edge::LockBatchGrant> renew_locks(edge::LockBatch, edge::Call) override { co_return unplayed(); }
  Reply<std::vector<edge::InstanceCommand>> commands(std::string, edge::Call) override {
    co_return unplayed();
  }
  Reply<void> command_result(edge::CommandResult, edge::Call) override { co_return unplayed(); }
  Reply<void> send_events(std::vector<edge::Event>, edge::Call) override { co_return unplayed(); }
  [[nodiscard]] edge::Reachability reachability() const override { return edge::Reachability::kOk; }

 private:
  static std::unexpected<Error> unplayed() {
    return base::fail(base::ErrorCode::kUnavailable, "not part of this play");
  }
  const base::Clock& clock_;
};

}  // namespace worker::testing
