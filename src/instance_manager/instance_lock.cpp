#include "instance_manager/instance_lock.h"

#include <utility>

namespace worker {

using base::ErrorCode;
using runtime::Task;

Task<base::Result<std::unique_ptr<InstanceLock>>> InstanceLock::acquire(runtime::EventLoop& loop,
                                                                        edge::Edge& edge,
                                                                        LockSettings settings,
                                                                        std::string instance_id,
                                                                        base::Log log) {
  edge::LockRequest request;
  request.instance_id = instance_id;
  request.owner = settings.owner;
  request.ttl = settings.ttl;
  edge::Call call;
  const auto asked_at = loop.clock().now();
  WA_CO_TRY(auto grant, co_await edge.acquire_lock(request, call));
  if (grant.requested_at == base::Clock::time_point{}) grant.requested_at = asked_at;
  co_return std::unique_ptr<InstanceLock>(new InstanceLock(
      loop, edge, std::move(settings), std::move(instance_id), std::move(grant), std::move(log)));
}

InstanceLock::InstanceLock(runtime::EventLoop& loop, edge::Edge& edge, LockSettings settings,
                           std::string instance_id, edge::LockGrant grant, base::Log log)
    : loop_(loop),
      edge_(edge),
      settings_(std::move(settings)),
      instance_id_(std::move(instance_id)),
      owner_(settings_.owner),
      log_(std::move(log)),
      scope_(loop) {
  accept(grant);
}

InstanceLock::~InstanceLock() { loop_.cancel_timer(fence_timer_); }

base::Clock::time_point InstanceLock::safe_until() const {
  return confirmed_at_ + settings_.ttl - settings_.ttl / 5;
}

void InstanceLock::accept(const edge::LockGrant& grant) {
  if (!grant.token.empty()) token_ = grant.token;
  if (grant.fence) fence_ = grant.fence;
  confirmed_at_ = grant.requested_at;
}

void InstanceLock::keep(Lost lost) {
  on_lost_ = std::move(lost);
  arm_fence();
  scope_.spawn(renew_forever());
}

void InstanceLock::arm_fence() {
  loop_.cancel_timer(fence_timer_);
  fence_timer_ = loop_.call_at(safe_until(), [this] {
    fence_timer_ = 0;
    lose("lock_not_renewed");
  });
}

Task<void> InstanceLock::renew_forever() {
  while (!lost_) {
    const auto slept = co_await runtime::sleep_for(loop_, settings_.renew);
    if (!slept || lost_) co_return;
    const auto asked_at = loop_.clock().now();
    auto grant = co_await edge_.renew_lock(held(), call());
    if (lost_) co_return;
    if (grant) {
      if (grant->requested_at == base::Clock::time_point{}) grant->requested_at = asked_at;
      accept(*grant);
      arm_fence();
    } else if (grant.error().code == ErrorCode::kConflict) {
      lose("lock_taken");
    } else if (grant.error().code == ErrorCode::kCancelled) {
      co_return;
    } else {
      log_.warn("the lock could not be renewed; it counts as unknown", {{"error", grant.error().message}});
    }
  }
}

void InstanceLock::lose(std::string reason) {
  if (std::exchange(lost_, true)) return;
  loop_.cancel_timer(std::exchange(fence_timer_, 0));
  if (on_lost_) on_lost_(std::move(reason));
}

Task<void> InstanceLock::release() {
  co_await scope_.close();
  loop_.cancel_timer(std::exchange(fence_timer_, 0));
  if (std::exchange(lost_, true)) co_return;
  const auto released = co_await edge_.release_lock(held(), std::string{}, call());
  if (!released && released.error().code != ErrorCode::kCancelled)
    log_.warn("the lock could not be released; it lapses by itself", {{"error", released.error().message}});
}

edge::HeldLock InstanceLock::held() const {
  edge::HeldLock lock;
  lock.instance_id = instance_id_;
  lock.owner = owner_;
  lock.token = token_;
  lock.ttl = settings_.ttl;
  return lock;
}

edge::Call InstanceLock::call() const {
  edge::Call call;
  call.fence = fence_;
  return call;
}

}  // namespace worker
