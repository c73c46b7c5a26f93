// Tells the edge what became of each message, until it has heard: mark-sent never gives up and never turns
// into mark-failed. Works while WhatsApp is disconnected. What the edge has heard is journalled as marked.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "edge/edge.h"
#include "queue/outbound_journal.h"
#include "queue/pace.h"
#include "runtime/keyed_lanes.h"

namespace worker {

class MarkDesk {
 public:
  struct Parts {
    runtime::EventLoop& loop;
    edge::Edge& edge;
    OutboundJournal& journal;
    base::Random& random;
    std::string instance_id;
    std::optional<std::uint64_t> fence;
    base::Log log;
    /// The row is marked (or the edge has no mark-failed) and its entry may be forgotten.
    std::function<void(const OutboundRow&)> done;
  };
  /// Marks run in `scope`.
  MarkDesk(Parts parts, runtime::TaskScope& scope);

  /// A row that is kSent or kFailed, or one that was marked before and that the edge has given out again.
  void add(OutboundRow row);
  [[nodiscard]] std::size_t pending() const { return pending_; }

 private:
  void line_up(OutboundRow row, unsigned failures);
  runtime::Task<void> mark(OutboundRow row, unsigned failures);
  runtime::Task<void> line_up_later(OutboundRow row, unsigned failures);
  runtime::Task<base::Result<void>> tell(const OutboundRow& row);

  Parts with_;
  runtime::TaskScope& scope_;
  runtime::KeyedLanes lanes_;
  Pace pace_{.first = base::Duration{5'000}, .longest = base::Duration{600'000}};
  std::size_t pending_ = 0;
};

}  // namespace worker
