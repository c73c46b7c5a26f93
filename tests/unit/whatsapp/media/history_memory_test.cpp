// How much memory a long chunk takes: measured by the allocator, so not under sanitizers, which have their
// own.
#include <doctest/doctest.h>

#include "long_chunk.h"

using namespace history_bench;

TEST_CASE("a chunk of 200 MiB is read in a few MiB") {
  constexpr std::size_t kMessages = 200 * kMebi / 10'000;
  LongChunk source{kMessages};
  const std::size_t before = allocated();
  HistoryReader reader{source, {.latest = kNow}};
  std::size_t messages = 0;
  for (;;) {
    const auto item = reader.next();
    REQUIRE(item.has_value());
    source.peak = std::max(source.peak, allocated());
    if (std::holds_alternative<HistoryMessage>(*item)) ++messages;
    if (std::holds_alternative<HistoryEnd>(*item)) break;
  }
  CHECK(messages == kMessages);
  CHECK(source.peak - std::min(before, source.peak) < 2 * kMebi);
}
