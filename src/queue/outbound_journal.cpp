#include "queue/outbound_journal.h"

#include "runtime/one_shot.h"

namespace worker {

using base::Result;
using runtime::Task;
using whatsapp::store::Changes;
using whatsapp::store::DeviceStore;
using Rows = std::vector<OutboundRow>;
using MaybeRows = std::vector<std::optional<OutboundRow>>;

Task<Result<Rows>> OutboundJournal::unfinished() {
  const auto query = [](DeviceStore& device) { return device.unmarked_outbound(); };
  for (unsigned failures = 1;; ++failures) {
    auto rows = co_await store_.read(query);
    if (rows) co_return rows;
    WA_CO_TRY_VOID(co_await pause(failures, rows.error()));
  }
}

Task<Result<MaybeRows>> OutboundJournal::find(std::vector<std::string> queue_ids) {
  const auto query = [&queue_ids](DeviceStore& device) -> Result<MaybeRows> {
    MaybeRows rows;
    for (const auto& id : queue_ids) {
      WA_TRY(auto row, device.outbound(id));
      rows.push_back(std::move(row));
    }
    return rows;
  };
  co_return co_await store_.read(query);
}

Task<Result<void>> OutboundJournal::claim(Rows rows) {
  Changes changes;
  changes.outbound = std::move(rows);
  co_return co_await store_.commit(std::move(changes));
}

Task<Result<void>> OutboundJournal::save(OutboundRow row) {
  row.updated_at = loop_.clock().unix_seconds();
  for (unsigned failures = 1;; ++failures) {
    Changes changes;
    changes.outbound.push_back(row);
    const auto saved = co_await store_.commit(std::move(changes));
    if (saved) co_return Result<void>{};
    WA_CO_TRY_VOID(co_await pause(failures, saved.error()));
  }
}

Task<Result<void>> OutboundJournal::pause(unsigned failures, const base::Error& why) {
  if (why.code == base::ErrorCode::kClosed) co_return base::fail(why);
  if (failures == 1)
    log_.error("the journal of queued messages cannot be used now", {{"error", why.message}});
  co_return co_await runtime::sleep_for(loop_, pace_.pause_after(failures, random_));
}

}  // namespace worker
