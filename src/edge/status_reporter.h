// Tells the edge the status of each instance, surely and in order. Per instance only the newest status
// matters: while one is on its way or being retried, later ones replace each other in a single waiting place,
// and the next request is sent when the one before has ended. So an old status never arrives after a newer
// one, and an edge that was away for an hour hears one status per instance, not a backlog.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task_scope.h"

namespace edge {

/// One per shard; not thread-safe.
class StatusReporter {
 public:
  StatusReporter(runtime::EventLoop& loop, Edge& edge, base::Log log);
  StatusReporter(const StatusReporter&) = delete;
  StatusReporter& operator=(const StatusReporter&) = delete;

  /// Takes the status in and returns at once. `fence`: of the instance's lock, if it has one.
  void report(StatusUpdate update, std::optional<std::uint64_t> fence = std::nullopt);
  /// Waits until all that was reported for the instance is delivered or final; kTimeout at `deadline`.
  runtime::Task<base::Result<void>> flush(std::string instance_id, base::Clock::time_point deadline);
  /// Gives up what is not delivered. Await before destruction.
  runtime::Task<void> close();

  /// Instances with something undelivered.
  [[nodiscard]] std::size_t pending() const { return lanes_.size(); }

 private:
  struct Waiting {
    StatusUpdate update;
    std::optional<std::uint64_t> fence;
  };
  struct Lane {
    std::optional<Waiting> next;                             // the newest not yet sent
    std::vector<runtime::OneShot<runtime::Done>*> flushers;  // waiting in flush()
  };
  runtime::Task<void> deliver(std::string instance_id);
  runtime::Task<void> send(Waiting waiting, Lane& lane);
  void finish(const std::string& instance_id);

  runtime::EventLoop& loop_;
  Edge& edge_;
  base::Log log_;
  runtime::TaskScope scope_;
  std::map<std::string, Lane> lanes_;  // bounded by the instances of this shard
};

}  // namespace edge
