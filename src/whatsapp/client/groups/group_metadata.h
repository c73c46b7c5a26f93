// What is known about one group: who is in it, in which form its members are addressed, and what its admins
// decided. Read from the server's `<group>`, of which every part may be missing; kept in the store in the
// same form, so there is one reader. Spec 05 §3.1; 08 §10.1; 10 G8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/self.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// The form in which the members of a group are named on the wire.
enum class GroupAddressing { kPn, kLid };

struct GroupMember {
  binary::Jid jid;                        // account, as the group names it
  std::optional<binary::Jid> other_form;  // LID for a number, number for a LID
  enum class Role { kMember, kAdmin, kOwner } role = Role::kMember;

  [[nodiscard]] bool is(const binary::Jid& account) const;
};

struct GroupMetadata {
  binary::Jid id;
  GroupAddressing addressing = GroupAddressing::kPn;  // as the server's attribute says
  std::string subject{};
  std::int64_t subject_at = 0;  // Unix seconds, like all times here; 0: unknown
  std::optional<binary::Jid> owner{};
  std::int64_t created_at = 0;
  std::string description{};
  std::string description_id{};
  std::vector<GroupMember> members{};
  std::int64_t size = 0;  // as told; more than `members` for groups we are not in

  bool only_admins_send = false;
  bool only_admins_edit = false;
  bool only_admins_add = false;
  bool join_needs_approval = false;
  bool suspended = false;
  std::uint32_t ephemeral_seconds = 0;  // messages disappear after; 0: they do not

  bool is_community = false;               // a parent of groups, not a chat
  bool is_announcement_group = false;      // of its community
  std::optional<binary::Jid> community{};  // that it belongs to

  std::string members_version{};  // the server's, to notice that a change was missed
  std::int64_t fetched_at = 0;
  bool stale = false;  // to be fetched before it is relied on

  [[nodiscard]] const GroupMember* find(const binary::Jid& account) const;
  /// Under one of our two names.
  [[nodiscard]] const GroupMember* find_own(const Self& self) const;
  /// Whether members are named by LID. Announcement groups name members by LID though they say "pn".
  [[nodiscard]] bool members_by_lid() const;
};

/// `<group …>` of any answer or notification. kMalformed without an id. Members that cannot be read are left
/// out.
base::Result<GroupMetadata> read_group(const binary::Node& group);
/// One `<participant>`; nothing if it names nobody.
std::optional<GroupMember> read_group_member(const binary::Node& participant);

/// "120363…" as well as "120363…@g.us"; kMalformed.
base::Result<binary::Jid> read_group_id(const binary::Node& node, std::string_view key);

/// For the record of the group, and back. kCorrupt.
base::Bytes encode_group(const GroupMetadata& group);
base::Result<GroupMetadata> decode_group(base::ByteView bytes);

/// Numbers and LIDs that the member list tells.
std::vector<store::LidMapping> pairs_of(const std::vector<GroupMember>& members);

}  // namespace whatsapp
