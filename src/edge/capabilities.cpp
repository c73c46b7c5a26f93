#include "edge/capabilities.h"

#include <string_view>
#include <utility>

namespace edge {

void Capabilities::learn(const WorkerSettings& settings) {
  static constexpr std::pair<std::string_view, Capability> kNames[] = {
      {"queue.batch", Capability::kQueueBatch}, {"lock.batch", Capability::kLockBatch},
      {"events", Capability::kEvents},          {"upload.multipart", Capability::kUploadMultipart},
      {"commands", Capability::kCommands},
  };
  std::uint32_t found = 0;
  for (const auto& [name, capability] : kNames)
    if (settings.has(name)) found |= static_cast<std::uint32_t>(capability);
  known_.store(found, std::memory_order_relaxed);
}

}  // namespace edge
