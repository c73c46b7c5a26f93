// Ways into a group other than being added: its link, a personal invitation, a request that an admin grants
// (spec 08 §10.6).
#include <algorithm>

#include "simulator/groups/group_call.h"

namespace simulator {
namespace {

std::vector<Account*> admins_of(const Group& group) {
  std::vector<Account*> admins;
  for (const Member& member : group.members) {
    if (member.role != Role::kMember) admins.push_back(member.account);
  }
  return admins;
}

/// The group behind a link, or why there is none: 406 no such form, 410 no longer valid.
base::Result<Group*> behind_link(const GroupCall& call) {
  const std::string code = call.request.attr("code").value_or("");
  if (code.size() < 8) return refuse_group_call(406, "not-acceptable");
  Group* group = call.state.directory.group_by_invite(code);
  if (group == nullptr) return refuse_group_call(410, "gone");
  return group;
}

void admit(const GroupCall& call, Group& group, Account& newcomer, std::string_view reason) {
  group.members.push_back({&newcomer, Role::kMember});
  group.removed.erase(&newcomer);
  for (const Member& member : group.members) {
    if (member.account == &newcomer) continue;
    member.account->acquaintances.insert(&newcomer);
    newcomer.acquaintances.insert(member.account);
  }
  let_in(call, group, {&newcomer}, reason);
}

Node request_node(const Group& group, const JoinRequest& request) {
  Node node = Node("membership_approval_request")
                  .with("jid", request.account->jid(group.addressing))
                  .with("request_time", request.at)
                  .with("request_method", request.method);
  if (group.addressing == Addressing::kLid) node.set("phone_number", request.account->pn());
  if (request.requestor != request.account) {
    node.set("requestor", request.requestor->jid(group.addressing));
    if (group.addressing == Addressing::kLid) node.set("requestor_pn", request.requestor->pn());
  }
  if (group.community) node.set("parent_group_jid", *group.community);
  return node;
}

/// Takes the request of the named account out; null if it made none.
Account* take_request(const GroupCall& call, const Node& named) {
  const auto jid = named.jid("jid");
  Account* account = jid ? call.state.directory.account(*jid) : nullptr;
  auto& requests = call.group->requests;
  const auto found = std::ranges::find(requests, account, &JoinRequest::account);
  if (account == nullptr || found == requests.end()) return nullptr;
  requests.erase(found);
  return account;
}

}  // namespace

GroupAnswer show_link(const GroupCall& call) {
  WA_TRY_VOID(require_member(call));
  if (!call.group->is_admin(call.actor)) return refuse_group_call(401, "not-authorized");
  return Node::Children{Node("invite").with("code", call.group->invite_code)};
}

GroupAnswer reset_link(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  call.group->invite_code = fresh_invite_code(call.state.random);
  call.notices.tell(*call.group, call.actor, Node("invite").with("code", call.group->invite_code));
  return Node::Children{Node("invite").with("code", call.group->invite_code)};
}

GroupAnswer show_linked_group(const GroupCall& call) {
  WA_TRY(const Group* group, behind_link(call));
  return Node::Children{invited_group_node(*group)};
}

GroupAnswer join_by_link(const GroupCall& call) {
  WA_TRY(Group * group, behind_link(call));
  if (group->member(call.actor) != nullptr) return refuse_group_call(304, "not-modified");
  if (group->removed.contains(&call.actor)) return refuse_group_call(405, "not-allowed");
  if (group->members.size() >= kMaxGroupSize) return refuse_group_call(419, "resource-limit");
  if (group->rules.join_approval) {
    if (std::ranges::find(group->requests, &call.actor, &JoinRequest::account) != group->requests.end())
      return refuse_group_call(409, "conflict");
    ask_to_join(call, *group, call.actor, "invite_link");
    return Node::Children{Node("membership_approval_request").with("jid", group->jid)};
  }
  admit(call, *group, call.actor, "invite");
  return Node::Children{Node("group").with("jid", group->jid)};
}

void ask_to_join(const GroupCall& call, Group& group, Account& who, std::string_view method) {
  group.requests.push_back({&who, &call.actor, call.state.now(), std::string{method}});
  if (&who == &call.actor) {
    Node request = Node("membership_approval_request").with("request_method", method);
    if (group.community) request.set("parent_group_jid", *group.community);
    call.notices.tell(group, who, std::move(request), admins_of(group));
    return;
  }
  Node requested = Node("requested_user").with("jid", who.jid(group.addressing));
  if (group.addressing == Addressing::kLid) requested.set("phone_number", who.pn());
  call.notices.tell(
      group, call.actor,
      Node("created_membership_requests").with("request_method", method).add(std::move(requested)),
      admins_of(group));
}

/// <accept code expiration admin/>: a personal invitation, sent as a message by an admin.
GroupAnswer accept_invitation(const GroupCall& call) {
  Group& group = *call.group;
  if (group.member(call.actor) != nullptr) return refuse_group_call(304, "not-modified");
  const auto invitation = group.invitations.find(&call.actor);
  if (invitation == group.invitations.end() || !call.request.attr_is("code", invitation->second))
    return refuse_group_call(406, "not-acceptable");
  if (call.request.number("expiration").value_or(0) < call.state.now()) return refuse_group_call(410, "gone");
  group.invitations.erase(invitation);
  group.add_errors.erase(&call.actor);
  admit(call, group, call.actor, "invite");
  return Node::Children{};
}

GroupAnswer revoke_invitations(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  Node change("revoke");
  for (const Node* named : call.request.children("participant")) {
    const auto jid = named->jid("jid");
    Account* account = jid ? call.state.directory.account(*jid) : nullptr;
    if (account == nullptr) continue;
    call.group->invitations.erase(account);
    change.add_child(participant_node(*call.group, *account));
  }
  call.notices.tell(*call.group, call.actor, std::move(change));
  return Node::Children{};
}

GroupAnswer list_requests(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  Node answer("membership_approval_requests");
  for (const JoinRequest& request : call.group->requests)
    answer.add_child(request_node(*call.group, request));
  return Node::Children{std::move(answer)};
}

GroupAnswer decide_requests(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  Group& group = *call.group;
  Node answer("membership_requests_action");
  for (const Node& verdict : call.request.children()) {
    Node results(verdict.tag());
    Node rejected("revoked_membership_requests");
    for (const Node* named : verdict.children("participant")) {
      Account* account = take_request(call, *named);
      if (account == nullptr) {
        results.add_child(Node("participant").with("jid", named->jid("jid")).with("error", 404));
        continue;
      }
      results.add_child(participant_node(group, *account));
      if (verdict.tag() == "approve") {
        admit(call, group, *account, "");
      } else {
        rejected.add_child(participant_node(group, *account));
      }
    }
    if (!rejected.children().empty()) {
      std::vector<Account*> audience = admins_of(group);
      for (const Node* named : rejected.children("participant"))
        audience.push_back(call.state.directory.account(named->jid("jid").value_or(Jid{})));
      call.notices.tell(group, call.actor, std::move(rejected), std::move(audience));
    }
    answer.add_child(std::move(results));
  }
  return Node::Children{std::move(answer)};
}

GroupAnswer cancel_requests(const GroupCall& call) {
  Node change("revoked_membership_requests");
  for (const Node* named : call.request.children("participant")) {
    if (const Account* account = take_request(call, *named))
      change.add_child(participant_node(*call.group, *account));
  }
  if (change.children().empty()) return refuse_group_call(404, "item-not-found");
  call.notices.tell(*call.group, call.actor, std::move(change), admins_of(*call.group));
  return Node::Children{};
}

}  // namespace simulator
