// Our own sender keys, one per group (and one for the status feed), and who has them. A device has the key
// when it is marked so; the mark is written only after the server acked the stanza that carried the key, and
// names the key, so that nothing is believed about a key that came later. A missing mark means: needs the
// key. Whoever had the key and is no longer there makes it worthless: it is thrown away, and the next message
// goes out with a new one that everybody gets. Spec 04 §9.2; 05 §3.2, §3.3; 10 G1, G3, G4, G5, G11.
//
// Records: `sender_key_mark:<chat>`, key = device address as text, value = id of the key (4 bytes) or nothing
// (imported: whichever key is current). `sender_key_chat`, key = chat: where we have a key at all.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/groups/group_metadata.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/signal/sender_key_record.h"

namespace whatsapp {

class OwnSenderKeys final : public NotificationListener {
 public:
  /// Messages with one key; then it is changed.
  static constexpr std::uint32_t kMaxIterations = 1000;

  explicit OwnSenderKeys(DeskParts& parts) : parts_(parts) {}

  using Addresses = std::set<std::string>;  // device addresses as text
  struct Key {
    signal::SenderKeyRecord record;
    Addresses marked;  // who has the key
    [[nodiscard]] std::uint32_t id() const;
  };

  // All of these under the session lock, with its changes.

  /// The key to send with now, to exactly these devices (ours included, but for this one). It is made, or
  /// changed, when there is none, when it is worn out, or when somebody else has it.
  runtime::Task<base::Result<Key>> key_for(std::string chat, const std::vector<signal::Address>& devices,
                                           store::Changes& changes);
  /// The key as it is; an empty record if there is none.
  runtime::Task<base::Result<signal::SenderKeyRecord>> current(std::string chat);
  void store(const std::string& chat, const signal::SenderKeyRecord& record, store::Changes& changes) const;
  /// The next message goes out with a new key.
  void throw_away(const std::string& chat, store::Changes& changes) const;
  /// The same if one of these people has a device with the key.
  runtime::Task<base::Result<void>> throw_away_if_held(std::string chat, std::vector<GroupMember> people,
                                                       store::Changes& changes);
  void forget_mark(const std::string& chat, const signal::Address& device, store::Changes& changes) const;
  static void forget_marks(const std::string& chat, store::Changes& changes);
  static void mark(const std::string& chat, const std::vector<signal::Address>& devices, std::uint32_t key_id,
                   store::Changes& changes);

  /// `devices` that were removed, `encrypt` that somebody registered anew.
  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

 private:
  [[nodiscard]] signal::Address own_address() const;
  runtime::Task<base::Result<Addresses>> under_present_names(std::string chat, Addresses marked,
                                                             std::uint32_t key_id, store::Changes& changes);
  runtime::Task<base::Result<void>> devices_removed(const binary::Node& notification,
                                                    store::Changes& changes);
  runtime::Task<base::Result<void>> registered_anew(const binary::Node& notification,
                                                    store::Changes& changes);
  runtime::Task<base::Result<std::vector<std::string>>> both_users(binary::Jid account);

  DeskParts& parts_;
};

}  // namespace whatsapp
