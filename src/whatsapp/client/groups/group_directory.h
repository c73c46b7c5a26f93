// What we know about our groups: in the store for as long as we are in them, the ones used lately in memory.
// Notifications patch it, so the server is asked only for what we never saw, missed, or must not rely on:
// once per group however many ask, within the budget of the account; and for everything at once when it says
// that we missed changes. When it does not answer now, what we have is used. Spec 05 §3.1; 08 §8.5, §10.1,
// §10.2, §17; 10 G2, G4, G7, G8.
//
// Records: `group`, key = group JID, value = encode_group(). Values: `groups_listed_at` (when all of them
// were read), `groups_dirty_at` (when the server said that we missed changes), decimal Unix seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/chat_order.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/dirty_marks.h"
#include "whatsapp/client/groups/group_changes.h"
#include "whatsapp/client/groups/group_metadata.h"
#include "whatsapp/client/groups/own_sender_keys.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/client/notifications.h"

namespace whatsapp {

class GroupDirectory final : public NotificationListener, public DirtyListener {
 public:
  /// Groups kept in memory; a big one costs 150 KiB.
  static constexpr std::size_t kInMemory = 16;
  /// Older metadata is asked for anew when that can be done at once.
  static constexpr std::int64_t kLife = 3600;  // seconds

  GroupDirectory(DeskParts& parts, OwnSenderKeys& keys)
      : parts_(parts), keys_(keys), fetching_(parts.outside.loop), listing_(parts.outside.loop) {}

  using Group = std::shared_ptr<const GroupMetadata>;
  enum class Freshness { kCached, kRefetched };
  /// kRejected with 403 (we are not in it) or 404 (there is no such group); kUnavailable with 429.
  runtime::Task<base::Result<Group>> get(binary::Jid group, Freshness freshness = Freshness::kCached);
  /// All groups that we are in.
  runtime::Task<base::Result<std::vector<GroupMetadata>>> all(Freshness freshness = Freshness::kCached);
  /// `<ib><dirty type="groups"/>`: we missed changes. Reads everything anew, or at least remembers that.
  runtime::Task<base::Result<void>> refresh(binary::Node dirty) override;

  /// Metadata that came with another answer (a new group).
  runtime::Task<base::Result<void>> keep(GroupMetadata group);
  /// The next get() asks the server.
  runtime::Task<base::Result<void>> distrust(binary::Jid group);
  /// A change that the server has accepted from us: like its notification, but nothing is told.
  runtime::Task<base::Result<void>> changed_by_us(binary::Jid group, binary::Node change);
  /// We are not in it any more: the metadata and our key go.
  runtime::Task<base::Result<void>> forget(binary::Jid group);

  /// The device lists of its members are asked for anew.
  runtime::Task<base::Result<void>> drop_device_lists(binary::Jid group, store::Changes& changes);

  /// `w:gp2`: patches what is known, then stages the events.
  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

  void clear() { groups_.clear(); }
  [[nodiscard]] std::size_t size() const { return groups_.size(); }

 private:
  runtime::Task<base::Result<Group>> known(std::string key);
  [[nodiscard]] bool wants_refresh(const GroupMetadata& group) const;
  runtime::Task<base::Result<Group>> fetch(binary::Jid group, bool has_old);
  runtime::Task<base::Result<std::vector<GroupMetadata>>> fetch_all();
  runtime::Task<base::Result<std::vector<GroupMetadata>>> stored();
  runtime::Task<base::Result<void>> learn_dates();
  Group put(GroupMetadata group, store::Changes& changes);
  void drop(const std::string& key, store::Changes& changes);
  enum class Tell { kYes, kNo };
  runtime::Task<base::Result<void>> patch(const binary::Node& notification, Tell tell,
                                          store::Changes& changes);
  runtime::Task<base::Result<void>> take_change(const binary::Node& notification, const binary::Node& change,
                                                Tell tell, std::optional<GroupMetadata>& group,
                                                store::Changes& changes);

  DeskParts& parts_;
  OwnSenderKeys& keys_;
  ChatOrder fetching_;           // one question per group at a time
  runtime::AsyncMutex listing_;  // one for all of them
  LruMap<std::string, Group> groups_{kInMemory};
  std::uint64_t epoch_ = 0;  // counts notifications: an older answer must not undo them
  std::optional<std::int64_t> listed_at_, dirty_at_;
};

}  // namespace whatsapp
