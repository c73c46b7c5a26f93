// The right to be connected as one account. Held at the edge with a TTL, renewed in the background, and
// given up by ourselves in time: when no renewal has succeeded until TTL − 20 %, counted from the start of
// the last successful request on the monotonic clock, the owner must already have closed its socket before
// anybody else can get the lock. A failed renewal is "unknown", never "still ours".
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"

namespace worker {

struct LockSettings {
  std::string owner;  // <prefix>:<pid>:<worker id>
  base::Duration ttl{30'000};
  base::Duration renew{15'000};
};

class InstanceLock {
 public:
  using Lost = std::function<void(std::string reason)>;

  /// kConflict: another owner has it. kNotFound: the edge does not know the instance.
  static runtime::Task<base::Result<std::unique_ptr<InstanceLock>>> acquire(runtime::EventLoop& loop,
                                                                            edge::Edge& edge,
                                                                            LockSettings settings,
                                                                            std::string instance_id,
                                                                            base::Log log);
  ~InstanceLock();  // release() or abandon() must have been awaited
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;

  /// Renews from now on. `lost` is called once, on the loop, when the lock is no longer surely ours.
  void keep(Lost lost);
  /// Stops renewing and gives the lock back, if it is still ours. After the socket is closed and all is
  /// flushed.
  runtime::Task<void> release();

  [[nodiscard]] bool is_lost() const { return lost_; }
  [[nodiscard]] std::optional<std::uint64_t> fence() const { return fence_; }
  /// Until when it is surely ours.
  [[nodiscard]] base::Clock::time_point safe_until() const;

 private:
  InstanceLock(runtime::EventLoop& loop, edge::Edge& edge, LockSettings settings, std::string instance_id,
               edge::LockGrant grant, base::Log log);
  runtime::Task<void> renew_forever();
  void accept(const edge::LockGrant& grant);
  void arm_fence();
  void lose(std::string reason);
  [[nodiscard]] edge::HeldLock held() const;
  [[nodiscard]] edge::Call call() const;

  runtime::EventLoop& loop_;
  edge::Edge& edge_;
  LockSettings settings_;
  std::string instance_id_;
  std::string owner_;
  std::string token_;
  std::optional<std::uint64_t> fence_;
  base::Clock::time_point confirmed_at_;  // start of the last successful request
  runtime::EventLoop::TimerId fence_timer_ = 0;
  bool lost_ = false;
  Lost on_lost_;
  base::Log log_;
  runtime::TaskScope scope_;
};

}  // namespace worker
