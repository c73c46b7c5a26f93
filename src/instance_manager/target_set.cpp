#include "instance_manager/target_set.h"

#include <algorithm>
#include <set>

namespace worker {
namespace {

void keep_highest(std::vector<edge::EligibleInstance>& eligible, std::uint32_t limit) {
  std::stable_sort(eligible.begin(), eligible.end(),
                   [](const auto& a, const auto& b) { return a.priority > b.priority; });
  std::set<std::string> seen;
  std::erase_if(eligible, [&](const auto& instance) { return !seen.insert(instance.id).second; });
  if (limit != 0 && eligible.size() > limit) eligible.resize(limit);
}

}  // namespace

TargetChanges TargetSet::update(std::vector<edge::EligibleInstance> eligible, std::uint32_t limit,
                                const std::map<std::string, Liveness>& running) {
  keep_highest(eligible, limit);
  size_ = eligible.size();
  std::set<std::string> targets;
  TargetChanges changes;
  for (auto& instance : eligible) {
    targets.insert(instance.id);
    if (!running.contains(instance.id)) changes.start.push_back(std::move(instance));
  }
  std::erase_if(outside_since_, [&](const auto& entry) {
    return targets.contains(entry.first) || !running.contains(entry.first);
  });
  for (const auto& [id, liveness] : running)
    if (!targets.contains(id) && grace_over(id, liveness)) changes.stop.push_back(id);
  return changes;
}

bool TargetSet::grace_over(const std::string& id, Liveness liveness) {
  const auto now = clock_.now();
  const auto [since, first_time] = outside_since_.try_emplace(id, now);
  return liveness == Liveness::kNotConnected || now - since->second >= kGrace;
}

}  // namespace worker
