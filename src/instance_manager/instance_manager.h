// Decides what runs in this worker. Every DISCOVERY_POLL_MS it asks the edge for the settings and the
// eligible instances, keeps the N with the highest priority, starts what is missing, at a pace, and stops
// what has left the target set for long enough. A failed discovery changes nothing: what runs keeps running.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "edge/capabilities.h"
#include "edge/edge.h"
#include "instance_manager/instance_host.h"
#include "instance_manager/start_budget.h"
#include "instance_manager/target_set.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"

namespace worker {

struct InstanceManagerSettings {
  base::Duration discovery_poll{10'000};
  std::uint32_t max_active_instances = 0;  // when the edge names none; 0: no limit
  StartBudgetSettings starts;
};

class InstanceManager {
 public:
  /// `hosts`: one per shard; instances are dealt to them by their id. They must outlive the manager.
  /// `capabilities` are learned here, for everybody.
  InstanceManager(runtime::EventLoop& loop, edge::Edge& edge, base::Random& random,
                  std::vector<InstanceHost*> hosts, edge::Capabilities& capabilities,
                  InstanceManagerSettings settings, base::Log log);
  InstanceManager(const InstanceManager&) = delete;
  InstanceManager& operator=(const InstanceManager&) = delete;

  /// Ticks from now on.
  void start();
  /// Stops ticking and every instance, and waits until all have ended.
  runtime::Task<void> close();
  /// One discovery, for tests and for start().
  runtime::Task<void> tick();

  /// To be given to the hosts.
  [[nodiscard]] InstanceEvents events();

  struct Counts {
    std::size_t starting = 0, connecting = 0, connected = 0, disconnected = 0;
    std::size_t targets = 0;
    std::uint64_t lock_conflicts = 0;
    [[nodiscard]] std::size_t all() const { return starting + connecting + connected + disconnected; }
  };
  [[nodiscard]] Counts counts() const;
  /// Of the last discovery.
  enum class Discovery { kNotYet, kDone, kFailed };
  [[nodiscard]] Discovery discovery() const { return discovery_; }

 private:
  struct Running {
    InstancePhase phase = InstancePhase::kStarting;
    bool stopping = false;
    edge::EligibleInstance described;  // as the edge did last
  };

  runtime::Task<void> tick_forever();
  runtime::Task<base::Result<std::uint32_t>> ask_limit();
  runtime::Task<void> start_at(edge::EligibleInstance instance, base::Clock::time_point when);
  void ensure_running(edge::EligibleInstance instance);
  void pass_on_changes(const std::vector<edge::EligibleInstance>& eligible);
  void stop(const std::string& id);
  void ended(const std::string& id, const std::string& why);
  [[nodiscard]] std::map<std::string, Liveness> liveness() const;
  InstanceHost& host_of(const std::string& id);

  runtime::EventLoop& loop_;
  edge::Edge& edge_;
  base::Random& random_;
  std::vector<InstanceHost*> hosts_;
  edge::Capabilities& capabilities_;
  InstanceManagerSettings settings_;
  base::Log log_;
  TargetSet targets_;
  StartBudget budget_;
  std::map<std::string, Running> running_;
  std::uint32_t last_limit_;
  std::uint64_t lock_conflicts_ = 0;
  Discovery discovery_ = Discovery::kNotYet;
  runtime::TaskScope ticking_;
  runtime::OneShot<runtime::Done>* all_ended_ = nullptr;
};

}  // namespace worker
