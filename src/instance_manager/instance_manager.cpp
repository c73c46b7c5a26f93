#include "instance_manager/instance_manager.h"

#include <algorithm>

namespace worker {

using base::ErrorCode;
using runtime::Task;

namespace {

constexpr std::uint32_t kLeastPage = 50;  // the edge contract's own limit

/// 0 asks for all there are.
std::uint32_t page_limit(std::uint32_t max_active) {
  return max_active == 0 ? 0 : std::max(kLeastPage, max_active);
}

}  // namespace

InstanceManager::InstanceManager(runtime::EventLoop& loop, edge::Edge& edge, base::Random& random,
                                 std::vector<InstanceHost*> hosts, edge::Capabilities& capabilities,
                                 InstanceManagerSettings settings, base::Log log)
    : loop_(loop),
      edge_(edge),
      random_(random),
      hosts_(std::move(hosts)),
      capabilities_(capabilities),
      settings_(settings),
      log_(std::move(log)),
      targets_(loop.clock()),
      budget_(settings.starts, loop.clock()),
      last_limit_(settings.max_active_instances),
      ticking_(loop) {}

void InstanceManager::start() { ticking_.spawn(tick_forever()); }

Task<void> InstanceManager::tick_forever() {
  for (;;) {
    co_await tick();
    const auto slept = co_await runtime::sleep_for(loop_, random_.jitter(settings_.discovery_poll, 0.05));
    if (!slept) co_return;
  }
}

Task<void> InstanceManager::tick() {
  edge::Call call;
  const auto limit = co_await ask_limit();
  if (limit) last_limit_ = *limit;
  auto eligible = co_await edge_.eligible_instances(page_limit(last_limit_), call);
  if (ticking_.cancelled()) co_return;
  if (!eligible) {
    if (discovery_ != Discovery::kFailed)
      log_.warn("discovery failed; what runs keeps running", {{"error", eligible.error().message}});
    discovery_ = Discovery::kFailed;
    co_return;
  }
  if (discovery_ == Discovery::kFailed) log_.info("discovery works again");
  discovery_ = Discovery::kDone;

  pass_on_changes(*eligible);
  TargetChanges changes = targets_.update(std::move(*eligible), last_limit_, liveness());
  for (const auto& id : changes.stop) stop(id);
  for (auto& instance : changes.start) ensure_running(std::move(instance));
}

/// Absent or null: our own setting. Unreachable: what held last.
Task<base::Result<std::uint32_t>> InstanceManager::ask_limit() {
  edge::Call call;
  WA_CO_TRY(const auto answer, co_await edge_.worker_settings(call));
  capabilities_.learn(answer);
  co_return answer.max_active_instances.value_or(settings_.max_active_instances);
}

void InstanceManager::pass_on_changes(const std::vector<edge::EligibleInstance>& eligible) {
  for (const auto& instance : eligible) {
    const auto entry = running_.find(instance.id);
    if (entry == running_.end() || entry->second.stopping || entry->second.described == instance) continue;
    entry->second.described = instance;
    host_of(instance.id).update(instance);
  }
}

void InstanceManager::ensure_running(edge::EligibleInstance instance) {
  const auto [entry, is_new] = running_.try_emplace(instance.id);
  if (!is_new) return;
  entry->second.described = instance;
  const auto when = loop_.clock().now() + budget_.take();
  ticking_.spawn(start_at(std::move(instance), when));
}

Task<void> InstanceManager::start_at(edge::EligibleInstance instance, base::Clock::time_point when) {
  if (when > loop_.clock().now()) {
    const auto slept = co_await runtime::sleep_until(loop_, when);
    const auto entry = running_.find(instance.id);
    if (!slept || entry == running_.end() || entry->second.stopping) {
      ended(instance.id, "stopped");
      co_return;
    }
  }
  host_of(instance.id).start(std::move(instance));
}

void InstanceManager::stop(const std::string& id) {
  const auto entry = running_.find(id);
  if (entry == running_.end() || entry->second.stopping) return;
  entry->second.stopping = true;
  host_of(id).stop(id);
}

void InstanceManager::ended(const std::string& id, const std::string& why) {
  if (why == "lock_conflict") ++lock_conflicts_;
  running_.erase(id);
  if (running_.empty() && all_ended_ != nullptr) all_ended_->set(runtime::Done{});
}

InstanceEvents InstanceManager::events() {
  InstanceEvents events;
  events.phase_changed = [this](const std::string& id, InstancePhase phase) {
    const auto entry = running_.find(id);
    if (entry != running_.end()) entry->second.phase = phase;
  };
  events.ended = [this](const std::string& id, const std::string& why) { ended(id, why); };
  return events;
}

Task<void> InstanceManager::close() {
  co_await ticking_.close();
  for (const auto& [id, instance] : running_)
    if (!instance.stopping) host_of(id).stop(id);
  for (auto& [id, instance] : running_) instance.stopping = true;
  if (running_.empty()) co_return;
  runtime::OneShot<runtime::Done> all_ended(loop_);
  all_ended_ = &all_ended;
  (void)co_await all_ended.wait();
  all_ended_ = nullptr;
}

std::map<std::string, Liveness> InstanceManager::liveness() const {
  std::map<std::string, Liveness> out;
  for (const auto& [id, instance] : running_)
    out.emplace(id,
                instance.phase == InstancePhase::kConnected ? Liveness::kConnected : Liveness::kNotConnected);
  return out;
}

InstanceHost& InstanceManager::host_of(const std::string& id) {
  return *hosts_[std::hash<std::string>{}(id) % hosts_.size()];
}

InstanceManager::Counts InstanceManager::counts() const {
  Counts counts;
  counts.targets = targets_.size();
  counts.lock_conflicts = lock_conflicts_;
  for (const auto& [id, instance] : running_) {
    switch (instance.phase) {
      case InstancePhase::kStarting:
        ++counts.starting;
        break;
      case InstancePhase::kConnecting:
        ++counts.connecting;
        break;
      case InstancePhase::kConnected:
        ++counts.connected;
        break;
      case InstancePhase::kDisconnected:
        ++counts.disconnected;
        break;
    }
  }
  return counts;
}

}  // namespace worker
