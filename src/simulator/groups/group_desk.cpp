#include "simulator/groups/group_desk.h"

#include <string>
#include <unordered_map>

namespace simulator {
namespace {

using Table = std::unordered_map<std::string_view, GroupOperation>;

/// The groups of the asker that are named, or all of them.
GroupAnswer list_groups(const GroupCall& call) {
  Node answer("groups");
  call.state.directory.for_each_group([&](const Group& group) {
    if (group.member(call.actor) != nullptr) answer.add_child(group_node(group));
  });
  return Node::Children{std::move(answer)};
}

GroupAnswer query_many(const GroupCall& call) {
  Node::Children answer;
  for (const Node* named : call.request.children("group")) {
    const auto jid = named->jid("jid");
    const Group* group = jid ? call.state.directory.group(*jid) : nullptr;
    if (group == nullptr || group->member(call.actor) == nullptr) {
      answer.push_back(Node("group").with("id", jid).with("error", group == nullptr ? 404 : 403));
    } else {
      answer.push_back(group_node(*group));
    }
  }
  return answer;
}

GroupAnswer query_one(const GroupCall& call) {
  if (const Node* invitation = call.request.child("add_request")) {
    const auto known = call.group->invitations.find(&call.actor);
    if (known == call.group->invitations.end() || !invitation->attr_is("code", known->second))
      return refuse_group_call(406, "not-acceptable");
    return Node::Children{invited_group_node(*call.group)};
  }
  WA_TRY_VOID(require_member(call));
  return Node::Children{group_node(*call.group)};
}

const Table& service_queries() {
  static const Table table{
      {"participating", list_groups}, {"query", query_many}, {"invite", show_linked_group}};
  return table;
}

const Table& service_changes() {
  static const Table table{{"create", create_group}, {"leave", leave_groups}, {"invite", join_by_link}};
  return table;
}

const Table& group_queries() {
  static const Table table{
      {"query", query_one},
      {"invite", show_link},
      {"membership_approval_requests", list_requests},
      {"sub_groups", list_sub_groups},
      {"linked_groups_participants", list_community_members},
      {"query_linked", show_sub_group},
  };
  return table;
}

const Table& group_changes() {
  static const Table table{
      {"add", add_members},
      {"remove", remove_members},
      {"promote", promote_members},
      {"demote", demote_members},
      {"subject", change_subject},
      {"description", change_description},
      {"locked", change_rule},
      {"unlocked", change_rule},
      {"announcement", change_rule},
      {"not_announcement", change_rule},
      {"no_frequently_forwarded", change_rule},
      {"frequently_forwarded_ok", change_rule},
      {"ephemeral", change_rule},
      {"not_ephemeral", change_rule},
      {"membership_approval_mode", change_rule},
      {"member_add_mode", change_rule},
      {"invite", reset_link},
      {"accept", accept_invitation},
      {"revoke", revoke_invitations},
      {"membership_requests_action", decide_requests},
      {"cancel_membership_requests", cancel_requests},
      {"links", link_groups},
      {"unlink", unlink_groups},
      {"join_linked_group", join_sub_group},
      {"delete_parent", delete_community},
  };
  return table;
}

GroupAnswer run(const Table& table, const GroupCall& call) {
  const auto operation = table.find(call.request.tag());
  if (operation == table.end()) return refuse_group_call(400, "bad-request");
  return operation->second(call);
}

}  // namespace

base::Result<Node::Children> GroupDesk::answer(Device& device, const Node& iq) {
  const auto to = iq.jid("to");
  if (iq.children().empty() || !to || !to->is_group()) return refuse_group_call(400, "bad-request");
  const bool asks = iq.attr_is("type", "get");
  const Node& request = iq.children().front();
  Group* group = to->is_service() ? nullptr : state_.directory.group(*to);
  if (!to->is_service() && group == nullptr) return refuse_group_call(404, "item-not-found");
  const GroupCall call{state_, notices_, device.account, request, group};
  const Table& table = group == nullptr ? (asks ? service_queries() : service_changes())
                                        : (asks ? group_queries() : group_changes());
  return run(table, call);
}

}  // namespace simulator
