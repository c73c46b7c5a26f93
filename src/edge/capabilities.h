// What the edge offers beyond the fixed contract, as its last GET /worker-settings said. Learned on one
// thread, asked on any.
#pragma once

#include <atomic>
#include <cstdint>

#include "edge/types.h"

namespace edge {

enum class Capability : std::uint32_t {
  kQueueBatch = 1u << 0,       // queue.batch
  kLockBatch = 1u << 1,        // lock.batch
  kEvents = 1u << 2,           // events
  kUploadMultipart = 1u << 3,  // upload.multipart
  kCommands = 1u << 4,         // commands
};

class Capabilities {
 public:
  void learn(const WorkerSettings& settings);
  [[nodiscard]] bool has(Capability capability) const {
    return (known_.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(capability)) != 0;
  }

 private:
  std::atomic<std::uint32_t> known_{0};
};

}  // namespace edge
