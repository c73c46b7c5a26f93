// First messages to people who never wrote to us are what accounts are restricted for. The gate knows who is
// such a stranger, deals out the budget for writing to them, and closes, for strangers only, when the service
// refuses: nobody who has written to us, has given us a privacy token or shares a session with us is ever
// held up. What it knows survives a restart. Spec 08 §17.3; 10 B1, B4, B5.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/delivery/restrictions.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/client/notification_listener.h"

namespace whatsapp {

struct DeskParts;

class NewContactGate final : public NotificationListener {
 public:
  /// So many strangers refused within ten minutes: nobody new is written to for an hour.
  static constexpr std::size_t kRefusalsBeforePause = 3;

  explicit NewContactGate(DeskParts& parts) : parts_(parts) {}

  /// Before a message to a person is encrypted; waits for a place in the budget. Errors: kUnavailable with
  /// detail 463 while the service (or our own caution) allows no first message to him, with 429 when there is
  /// no place soon; those of the store.
  runtime::Task<base::Result<void>> admit(binary::Jid to);
  /// The server refused a message with 463 or 475. Durable when it returns.
  runtime::Task<base::Result<void>> note_refusal(binary::Jid to, int code);

  /// `mex`: the lock and the quota.
  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

  /// What holds now, also for whoever shows the account's state.
  runtime::Task<base::Result<Restrictions>> restrictions();
  void clear();

 private:
  struct Evidence;

  runtime::Task<base::Result<Evidence>> evidence_of(binary::Jid canonical);
  void stage(Restrictions next, store::Changes& changes);
  void obey_warning(const Restrictions& restrictions);

  DeskParts& parts_;
  std::optional<Restrictions> restrictions_;                 // as the store has them; absent until read
  LruMap<std::string, bool> acquainted_{512};                // users who are no strangers, for good
  std::deque<std::pair<UnixSeconds, std::string>> refused_;  // lately, different users
};

}  // namespace whatsapp
