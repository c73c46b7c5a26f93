#include "whatsapp/client/groups/group_metadata.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/lid_map.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using Role = GroupMember::Role;

/// A server that names more members than any group can have is not believed.
constexpr std::size_t kMaxMembers = 4096;

std::optional<Jid> person(const Node& node, std::string_view key) {
  const auto jid = node.jid(key);
  if (!jid || jid->user().empty() || (!jid->is_pn() && !jid->is_lid())) return std::nullopt;
  return jid->normalized().account();
}

Role read_role(const Node& participant) {
  if (participant.attr_is("type", "superadmin")) return Role::kOwner;
  return participant.attr_is("type", "admin") ? Role::kAdmin : Role::kMember;
}

std::string_view word_of(Role role) {
  switch (role) {
    case Role::kOwner:
      return "superadmin";
    case Role::kAdmin:
      return "admin";
    case Role::kMember:
      return {};
  }
  return {};
}

Node node_of(const GroupMember& member) {
  Node out = Node("participant").with("jid", member.jid);
  if (member.other_form) out.set(member.other_form->is_lid() ? "lid" : "phone_number", *member.other_form);
  if (const auto word = word_of(member.role); !word.empty()) out.set("type", std::string{word});
  return out;
}

std::uint32_t read_expiration(const Node& group) {
  const Node* ephemeral = group.child("ephemeral");
  if (ephemeral == nullptr) return 0;
  const std::int64_t seconds = ephemeral->number("expiration").value_or(0);
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 0, std::numeric_limits<std::uint32_t>::max()));
}

void read_description(const Node& group, GroupMetadata& out) {
  const Node* description = group.child("description");
  if (description == nullptr) return;
  out.description_id = description->attr("id").value_or("");
  if (const auto body = description->child_bytes("body")) out.description = base::as_text(*body);
}

void read_settings(const Node& group, GroupMetadata& out) {
  out.only_admins_send = group.child("announcement") != nullptr;
  out.only_admins_edit = group.child("locked") != nullptr;
  out.suspended = group.child("suspended") != nullptr;
  if (const Node* mode = group.child("member_add_mode")) out.only_admins_add = mode->text() == "admin_add";
  if (const Node* mode = group.child("membership_approval_mode")) {
    const Node* join = mode->child("group_join");
    out.join_needs_approval = join != nullptr && join->attr_is("state", "on");
  }
  out.ephemeral_seconds = read_expiration(group);
  out.is_community = group.child("parent") != nullptr;
  out.is_announcement_group = group.child("default_sub_group") != nullptr;
  if (const Node* parent = group.child("linked_parent"))
    if (auto id = read_group_id(*parent, "jid")) out.community = *std::move(id);
}

void add_flag(Node& group, std::string_view tag, bool set) {
  if (set) group.add_child(Node(tag));
}

}  // namespace

bool GroupMember::is(const Jid& account) const {
  return jid.same_account(account) || (other_form && other_form->same_account(account));
}

const GroupMember* GroupMetadata::find(const Jid& account) const {
  const auto found = std::ranges::find_if(members, [&](const GroupMember& m) { return m.is(account); });
  return found == members.end() ? nullptr : &*found;
}

const GroupMember* GroupMetadata::find_own(const Self& self) const {
  const auto found = std::ranges::find_if(members, [&](const GroupMember& m) {
    return is_own_account(self, m.jid) || (m.other_form && is_own_account(self, *m.other_form));
  });
  return found == members.end() ? nullptr : &*found;
}

bool GroupMetadata::members_by_lid() const {
  return members.empty() ? addressing == GroupAddressing::kLid : members.front().jid.is_lid();
}

Result<Jid> read_group_id(const Node& node, std::string_view key) {
  if (const auto jid = node.jid(key)) {
    if (jid->is_group() && !jid->user().empty()) return jid->bare();
  }
  WA_TRY(const std::string text, node.require_attr(key));
  if (text.empty() || text.find('@') != std::string::npos)
    return fail(ErrorCode::kMalformed, "the id of a group is none");
  return Jid{text, binary::Server::kGroup};
}

std::optional<GroupMember> read_group_member(const Node& participant) {
  const auto jid = person(participant, "jid");
  if (!jid) return std::nullopt;
  GroupMember out{*jid, std::nullopt, read_role(participant)};
  const auto other = person(participant, jid->is_lid() ? "phone_number" : "lid");
  if (other && pair_of(*jid, *other)) out.other_form = other;
  return out;
}

Result<GroupMetadata> read_group(const Node& group) {
  GroupMetadata out;
  const bool by_id = group.has_attr("id");
  WA_TRY(out.id, read_group_id(group, by_id ? "id" : "jid"));
  if (group.attr_is("addressing_mode", "lid")) out.addressing = GroupAddressing::kLid;
  out.subject = group.attr("subject").value_or("");
  out.subject_at = group.number("s_t").value_or(0);
  out.owner = person(group, "creator");
  out.created_at = group.number("creation").value_or(0);
  out.members_version = group.attr("p_v_id").value_or("");
  for (const Node* participant : group.children("participant")) {
    if (participant->has_attr("error") || out.members.size() >= kMaxMembers) continue;
    if (auto member = read_group_member(*participant)) out.members.push_back(*std::move(member));
  }
  out.size = group.number("size").value_or(static_cast<std::int64_t>(out.members.size()));
  read_description(group, out);
  read_settings(group, out);
  out.fetched_at = group.number("fetched_at").value_or(0);
  out.stale = group.child("stale") != nullptr;
  return out;
}

base::Bytes encode_group(const GroupMetadata& group) {
  Node out = Node("group").with("id", group.id).with("subject", std::string_view{group.subject});
  out.set("s_t", std::to_string(group.subject_at));
  out.set("creation", std::to_string(group.created_at));
  out.set("p_v_id", group.members_version);
  out.set("size", std::to_string(group.size));
  out.set("addressing_mode", group.addressing == GroupAddressing::kLid ? "lid" : "pn");
  out.set("fetched_at", std::to_string(group.fetched_at));
  if (group.owner) out.set("creator", *group.owner);
  for (const GroupMember& member : group.members) out.add_child(node_of(member));
  Node description = Node("description").with("id", std::string_view{group.description_id});
  out.add_child(std::move(description).add(Node("body").text(group.description)));
  add_flag(out, "announcement", group.only_admins_send);
  add_flag(out, "locked", group.only_admins_edit);
  add_flag(out, "suspended", group.suspended);
  add_flag(out, "parent", group.is_community);
  add_flag(out, "default_sub_group", group.is_announcement_group);
  add_flag(out, "stale", group.stale);
  out.add_child(Node("member_add_mode").text(group.only_admins_add ? "admin_add" : "all_member_add"));
  if (group.join_needs_approval)
    out.add_child(Node("membership_approval_mode").add(Node("group_join").with("state", "on")));
  if (group.ephemeral_seconds > 0)
    out.add_child(Node("ephemeral").with("expiration", group.ephemeral_seconds));
  if (group.community) out.add_child(Node("linked_parent").with("jid", *group.community));
  auto encoded = binary::encode(out);
  return encoded ? *std::move(encoded) : base::Bytes{};
}

Result<GroupMetadata> decode_group(base::ByteView bytes) {
  const auto node = binary::decode(bytes);
  if (!node) return fail(ErrorCode::kCorrupt, "the record of a group cannot be read");
  auto group = read_group(*node);
  if (!group) return fail(ErrorCode::kCorrupt, "the record of a group has no id");
  return group;
}

std::vector<store::LidMapping> pairs_of(const std::vector<GroupMember>& members) {
  std::vector<store::LidMapping> out;
  for (const GroupMember& member : members)
    if (member.other_form)
      if (auto pair = pair_of(member.jid, *member.other_form)) out.push_back(*std::move(pair));
  return out;
}

}  // namespace whatsapp
