#include "simulator/groups/group_node.h"

#include <algorithm>

namespace simulator {
namespace {

bool is_lid(const Group& group) { return group.addressing == Addressing::kLid; }

/// "+55∙∙∙∙∙∙01": what members of an announcement group see of each other.
std::string masked_number(const Account& account) {
  const std::string& digits = account.pn_user;
  std::string masked = "+" + digits.substr(0, 2);
  for (std::size_t i = 4; i < digits.size(); ++i) masked += "\u2219";
  return masked + digits.substr(digits.size() - 2);
}

void set_author(Node& node, const Group& group, const Account* author, std::string_view form,
                std::string_view number) {
  if (author == nullptr) return;
  node.set(form, author->jid(group.addressing));
  if (is_lid(group)) node.set(number, author->pn());
}

void add_rules(Node& node, const Group& group) {
  const Group::Rules& rules = group.rules;
  const auto flag = [&](bool on, std::string_view tag) {
    if (on) node.add_child(Node(tag));
  };
  flag(rules.announcement, "announcement");
  flag(rules.locked, "locked");
  flag(rules.no_frequently_forwarded, "no_frequently_forwarded");
  flag(group.kind == Group::Kind::kAnnouncements, "default_sub_group");
  if (rules.ephemeral_s > 0) node.add_child(Node("ephemeral").with("expiration", rules.ephemeral_s));
  if (rules.join_approval)
    node.add_child(Node("membership_approval_mode").add(Node("group_join").with("state", "on")));
  node.add_child(Node("member_add_mode").text(rules.members_add ? "all_member_add" : "admin_add"));
  if (group.kind == Group::Kind::kCommunity)
    node.add_child(Node("parent").with("default_membership_approval_mode", "request_required"));
  if (group.community) node.add_child(Node("linked_parent").with("jid", *group.community));
}

Node described(const Group& group) {
  const GroupText& text = *group.description;
  Node node = Node("description").with("id", text.id).with("t", text.at);
  set_author(node, group, text.author, "participant", "participant_pn");
  return std::move(node).add(Node("body").text(text.text));
}

/// The attributes and rules that everybody may see.
Node frame(const Group& group) {
  Node node = Node("group")
                  .with("id", group.jid.user())
                  .with("addressing_mode", is_lid(group) ? "lid" : "pn")
                  .with("subject", group.subject.text)
                  .with("s_t", group.subject.at)
                  .with("creation", group.created_at)
                  .with("size", group.members.size())
                  .with("p_v_id", group.version);
  set_author(node, group, group.subject.author, "s_o", "s_o_pn");
  set_author(node, group, group.creator, "creator", "creator_pn");
  std::vector<whatsapp::binary::Attribute> kept = node.attributes();
  std::erase_if(kept, [&](const auto& attribute) { return group.omitted.contains(attribute.key); });
  node.set_attributes(std::move(kept));
  return node;
}

}  // namespace

Node participant_node(const Group& group, const Account& account, int error) {
  Node node = Node("participant").with("jid", account.jid(group.addressing));
  if (group.rules.hidden_numbers) {
    node.set("display_name", masked_number(account));
  } else if (!group.omitted.contains("phone_number")) {
    node.set(is_lid(group) ? "phone_number" : "lid", account.jid(other(group.addressing)));
  }
  if (error != 0) node.set("error", std::to_string(error));
  return node;
}

Node participant_node(const Group& group, const Member& member) {
  Node node = participant_node(group, *member.account);
  if (member.role == Role::kAdmin) node.set("type", std::string{"admin"});
  if (member.role == Role::kSuperAdmin) node.set("type", std::string{"superadmin"});
  return node;
}

Node group_node(const Group& group) {
  Node node = frame(group);
  for (const Member& member : group.members) node.add_child(participant_node(group, member));
  if (group.description) node.add_child(described(group));
  add_rules(node, group);
  return node;
}

Node invited_group_node(const Group& group) {
  Node node = frame(group);
  if (group.creator != nullptr) {
    if (const Member* creator = group.member(*group.creator))
      node.add_child(participant_node(group, *creator));
  }
  if (group.description) node.add_child(described(group));
  add_rules(node, group);
  return node;
}

}  // namespace simulator
