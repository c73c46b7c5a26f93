// Which instances this worker should run, and so what to start and what to stop. Pure: the discovery tick
// feeds it with what the edge says and what runs here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/types.h"

namespace worker {

/// What a running instance is like, as far as the choice cares.
enum class Liveness { kNotConnected, kConnected };

struct TargetChanges {
  std::vector<edge::EligibleInstance> start;  // highest priority first
  std::vector<std::string> stop;
};

class TargetSet {
 public:
  /// A connected instance is stopped only after this long outside the target set, so that a flickering
  /// priority does not tear down healthy connections.
  static constexpr base::Duration kGrace{60'000};

  explicit TargetSet(const base::Clock& clock) : clock_(clock) {}

  /// `eligible` in any order; `limit` 0: no limit. A running instance inside the target is left alone.
  TargetChanges update(std::vector<edge::EligibleInstance> eligible, std::uint32_t limit,
                       const std::map<std::string, Liveness>& running);

  /// Size of the last target set.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] bool grace_over(const std::string& id, Liveness liveness);

  const base::Clock& clock_;
  std::size_t size_ = 0;
  std::map<std::string, base::Clock::time_point> outside_since_;  // bounded by what runs
};

}  // namespace worker
