// The queue's page in the account's store: one row per queued message, written before each step's effect
// (whatsapp/store/device_store.h, OutboundRow). What must become durable is tried until it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "queue/pace.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"

namespace worker {

using whatsapp::store::OutboundRow;

class OutboundJournal {
 public:
  OutboundJournal(runtime::EventLoop& loop, whatsapp::AccountStore& store, base::Random& random,
                  base::Log log)
      : loop_(loop), store_(store), random_(random), log_(std::move(log)) {}

  /// What an earlier life left unfinished, in queue order. Tried until readable; kCancelled.
  runtime::Task<base::Result<std::vector<OutboundRow>>> unfinished();
  /// In the order asked; nullopt where there is none.
  runtime::Task<base::Result<std::vector<std::optional<OutboundRow>>>> find(
      std::vector<std::string> queue_ids);
  /// All of them in one transaction, once.
  runtime::Task<base::Result<void>> claim(std::vector<OutboundRow> rows);
  /// Returns when the row is durable, however long that takes; kCancelled when the scope is closed meanwhile.
  runtime::Task<base::Result<void>> save(OutboundRow row);

 private:
  runtime::Task<base::Result<void>> pause(unsigned failures, const base::Error& why);

  runtime::EventLoop& loop_;
  whatsapp::AccountStore& store_;
  base::Random& random_;
  base::Log log_;
  Pace pace_;
};

}  // namespace worker
