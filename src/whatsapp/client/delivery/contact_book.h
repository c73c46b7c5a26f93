// Who is heard of in messages and notifications: the names that people give themselves, and who has ever
// written to us. The names go into the account's book; records are written only when something changed, and
// what was looked at lately is remembered, bounded. Spec 08 §6.2; 10 L5, E1.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/events.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

struct DeskParts;

/// Records of this kind, key: user of the LID (of the number while no LID is known), value: 8 bytes, about
/// when the person last wrote to us (to the day, Unix seconds). Who has none never wrote.
inline constexpr const char* kAcquaintanceKind = "acquaintance";
/// Longer names are cut.
inline constexpr std::size_t kMaxPushName = 256;  // bytes

class ContactBook {
 public:
  explicit ContactBook(DeskParts& parts) : parts_(parts) {}

  enum class Heard { kName, kMessage };
  /// A person (any form, device or not) was heard of; `push_name` may be empty: not told. Under the session
  /// lock: what is new goes into `changes`, the event of a new name included.
  runtime::Task<base::Result<void>> note(binary::Jid person, std::string push_name, Heard heard,
                                         store::Changes& changes);

  void clear() { known_.clear(); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  struct Known {
    std::string push_name;
    UnixSeconds wrote_at = 0;
  };
  runtime::Task<base::Result<Known>> look_up(binary::Jid canonical);

  DeskParts& parts_;
  LruMap<std::string, Known> known_{256};  // by canonical JID
};

}  // namespace whatsapp
