#include "app/memory_trim.h"

#include <malloc.h>

namespace worker {
namespace {

/// What was free at the last trim is free still, and already given back: only news are worth another one.
std::size_t trim_if_worth_it(const MemoryTrimSettings& settings, std::size_t free_at_last_trim) {
  const struct mallinfo2 heap = mallinfo2();
  const std::size_t free = heap.fordblks;
  const std::size_t change = free > free_at_last_trim ? free - free_at_last_trim : free_at_last_trim - free;
  const auto share = static_cast<std::size_t>(static_cast<double>(heap.arena) * settings.least_share);
  if (free < share || change < settings.least_change) return free_at_last_trim;
  malloc_trim(0);
  return free;
}

}  // namespace

runtime::Task<void> trim_memory(runtime::EventLoop& loop, runtime::BlockingExecutor& executor,
                                MemoryTrimSettings settings) {
  auto lane = executor.lane(loop);
  std::size_t free_at_last_trim = 0;
  for (;;) {
    const auto slept = co_await runtime::sleep_for(loop, settings.look_every);
    if (!slept) co_return;
    const auto trim = [&] { return trim_if_worth_it(settings, free_at_last_trim); };
    free_at_last_trim = co_await lane.run(trim);
  }
}

}  // namespace worker
