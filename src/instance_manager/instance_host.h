// Where instances live: each shard has one host. The manager, on its own loop, names what should start and
// stop; the host does it on the shard's loop and tells back how each instance is.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "edge/types.h"

namespace worker {

/// What the manager and /ready know of an instance.
enum class InstancePhase { kStarting, kConnecting, kConnected, kDisconnected };

/// Told on the manager's loop.
struct InstanceEvents {
  std::function<void(const std::string& id, InstancePhase phase)> phase_changed;
  /// It is gone: stopped, lock held elsewhere, lock lost, or its store cannot be opened. `why` is a stable
  /// word: "stopped", "lock_conflict", "lock_unavailable", "unknown_instance", "lock_not_renewed",
  /// "lock_taken", "store_failed", "store_corrupt", "import_refused" (a Baileys folder that fails its
  /// checks).
  std::function<void(const std::string& id, const std::string& why)> ended;
};

class InstanceHost {
 public:
  virtual ~InstanceHost() = default;
  /// From the manager's loop. An id is started once and ended once before it is started again.
  virtual void start(edge::EligibleInstance instance) = 0;
  virtual void stop(std::string id) = 0;
  /// The edge describes a running instance otherwise than before.
  virtual void update(edge::EligibleInstance instance) = 0;
};

}  // namespace worker
