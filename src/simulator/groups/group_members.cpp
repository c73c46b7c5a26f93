// Who is in a group: create, add, remove, promote, demote, leave (spec 08 §10.3, §10.4).
#include <algorithm>

#include "simulator/groups/group_call.h"

namespace simulator {
namespace {

constexpr std::size_t kMaxSubject = 100;
constexpr int kInvitationDays = 3;

/// A person who lets nobody, or not this account, add them to groups.
bool refuses_groups(const Account& target, Account& actor) {
  const auto setting = target.privacy.find("groupadd");
  if (setting == target.privacy.end() || setting->second == "all") return false;
  return setting->second == "none" || !target.acquaintances.contains(&actor);
}

bool has_blocked(const Account& target, const Account& actor) {
  return target.blocked.contains(actor.lid().to_string()) || target.blocked.contains(actor.pn().to_string());
}

/// Why `target` cannot be added: 0 if nothing speaks against it.
int obstacle(const GroupCall& call, const Group& group, Account& target) {
  if (const auto told = group.add_errors.find(&target); told != group.add_errors.end()) return told->second;
  if (group.member(target) != nullptr) return 409;
  if (group.members.size() >= kMaxGroupSize) return 419;
  if (has_blocked(target, call.actor)) return 401;
  if (refuses_groups(target, call.actor)) return 403;
  return 0;
}

/// Somebody who may only be invited gets a code that fits them alone.
Node refused_participant(const GroupCall& call, Group& group, Account& target, int error) {
  Node node = participant_node(group, target, error);
  if (error != 403 && error != 408) return node;
  const std::string code = fresh_invite_code(call.state.random).substr(0, 16);
  group.invitations[&target] = code;
  return std::move(node).add(
      Node("add_request").with("code", code).with("expiration", call.state.now() + kInvitationDays * 86'400));
}

Node unknown_participant(const Node& asked) {
  return Node("participant").with("jid", asked.jid("jid")).with("error", 404);
}

void make_acquainted(const Group& group, Account& newcomer) {
  for (const Member& member : group.members) {
    if (member.account == &newcomer) continue;
    member.account->acquaintances.insert(&newcomer);
    newcomer.acquaintances.insert(member.account);
  }
}

/// Adds whom it can; the result has a node for each that was named.
Node::Children take_in(const GroupCall& call, Group& group, const Node& named, std::vector<Account*>& added) {
  Node::Children results;
  for (const Node* asked : named.children("participant")) {
    const auto jid = asked->jid("jid");
    Account* target = jid ? call.state.directory.account(*jid) : nullptr;
    if (target == nullptr) {
      results.push_back(unknown_participant(*asked));
      continue;
    }
    const int error = obstacle(call, group, *target);
    if (error != 0) {
      results.push_back(refused_participant(call, group, *target, error));
      continue;
    }
    group.members.push_back({target, Role::kMember});
    group.removed.erase(target);
    make_acquainted(group, *target);
    added.push_back(target);
    results.push_back(participant_node(group, *target));
  }
  return results;
}

Node change_of_members(std::string_view tag, const Group& group) {
  return Node(tag).with("prev_v_id", group.version - 1).with("v_id", group.version);
}

/// The members named in the request, with an error for each name that is none.
Node::Children resolve(const GroupCall& call, std::vector<Member*>& found) {
  Node::Children results;
  for (const Node* asked : call.request.children("participant")) {
    const auto jid = asked->jid("jid");
    const Account* target = jid ? call.state.directory.account(*jid) : nullptr;
    Member* member = target == nullptr ? nullptr : call.group->member(*target);
    if (member == nullptr) {
      results.push_back(unknown_participant(*asked));
      continue;
    }
    found.push_back(member);
  }
  return results;
}

GroupAnswer change_role(const GroupCall& call, Role role) {
  WA_TRY_VOID(require_admin(call));
  std::vector<Member*> found;
  Node::Children results = resolve(call, found);
  Node change = change_of_members(call.request.tag(), *call.group);
  for (Member* member : found) {
    if (member->role == Role::kSuperAdmin) {
      results.push_back(participant_node(*call.group, *member->account, 405));
      continue;
    }
    member->role = role;
    results.push_back(participant_node(*call.group, *member->account));
    change.add_child(participant_node(*call.group, *member));
  }
  if (!change.children().empty()) call.notices.tell(*call.group, call.actor, std::move(change));
  return Node::Children{Node(call.request.tag()).add(std::move(results))};
}

/// Out of the group, told to those who stay and to those who go.
void put_out(const GroupCall& call, Group& group, const std::vector<Account*>& leaving,
             const Account& author) {
  ++group.version;
  std::vector<Account*> audience = accounts_of(group);
  Node change = change_of_members("remove", group);
  for (Account* account : leaving) {
    change.add_child(participant_node(group, *account));
    std::erase_if(group.members, [&](const Member& member) { return member.account == account; });
  }
  const bool led =
      std::ranges::any_of(group.members, [](const Member& m) { return m.role != Role::kMember; });
  if (!led && !group.members.empty()) group.members.front().role = Role::kAdmin;
  call.notices.tell(group, author, std::move(change), std::move(audience));
}

void remove_from_linked(const GroupCall& call, const std::vector<Account*>& leaving) {
  call.state.directory.for_each_group([&](Group& group) {
    if (group.community != call.group->jid) return;
    std::vector<Account*> there;
    std::ranges::copy_if(leaving, std::back_inserter(there),
                         [&](const Account* account) { return group.member(*account) != nullptr; });
    if (!there.empty()) put_out(call, group, there, call.actor);
  });
}

void read_rules(const Node& create, Group& group) {
  group.rules.announcement = create.child("announcement") != nullptr;
  group.rules.locked = create.child("locked") != nullptr;
  if (const Node* timer = create.child("ephemeral"))
    group.rules.ephemeral_s = static_cast<std::uint32_t>(timer->number("expiration").value_or(0));
  if (const Node* mode = create.child("member_add_mode"))
    group.rules.members_add = mode->text() != "admin_add";
  if (const Node* mode = create.child("membership_approval_mode")) {
    const Node* state = mode->child("group_join");
    group.rules.join_approval = state != nullptr && state->attr_is("state", "on");
  }
  if (create.child("parent") != nullptr) group.kind = Group::Kind::kCommunity;
  if (const Node* parent = create.child("linked_parent")) group.community = parent->jid("jid");
}

}  // namespace

base::Result<void> require_member(const GroupCall& call) {
  if (call.group->member(call.actor) == nullptr) return refuse_group_call(403, "forbidden");
  return {};
}

base::Result<void> require_admin(const GroupCall& call) {
  if (!call.group->is_admin(call.actor)) return refuse_group_call(403, "forbidden");
  return {};
}

base::Result<void> require_editor(const GroupCall& call) {
  return call.group->rules.locked ? require_admin(call) : require_member(call);
}

void let_in(const GroupCall& call, Group& group, const std::vector<Account*>& newcomers,
            std::string_view reason) {
  if (newcomers.empty()) return;
  ++group.version;
  Node change = change_of_members("add", group);
  if (!reason.empty()) change.set("reason", std::string{reason});
  std::vector<Account*> others;
  for (const Member& member : group.members) {
    if (std::ranges::find(newcomers, member.account) == newcomers.end()) others.push_back(member.account);
  }
  for (const Account* account : newcomers) change.add_child(participant_node(group, *group.member(*account)));
  const Account& author = reason == "invite" ? *newcomers.front() : call.actor;
  call.notices.tell(group, author, std::move(change), std::move(others));
  Node welcome = Node("create");
  if (!reason.empty()) welcome.set("reason", std::string{reason});
  call.notices.tell(group, author, std::move(welcome).add(group_node(group)), newcomers);
  join_community(call, group, newcomers);
}

GroupAnswer create_group(const GroupCall& call) {
  const std::string subject = call.request.attr("subject").value_or("");
  if (subject.empty()) return refuse_group_call(400, "bad-request");
  if (subject.size() > kMaxSubject * 4) return refuse_group_call(406, "not-acceptable");
  ServerState& state = call.state;
  Group& group = state.directory.new_group(call.actor, subject, state.settings.group_addressing, state.now());
  group.members.push_back({&call.actor, Role::kSuperAdmin});
  read_rules(call.request, group);
  if (const Node* description = call.request.child("description")) {
    const auto body = description->child_bytes("body");
    group.description = GroupText{.text = std::string{base::as_text(body.value_or(base::ByteView{}))},
                                  .id = description->attr("id").value_or("0"),
                                  .author = &call.actor,
                                  .at = state.now()};
  }
  std::vector<Account*> added;
  Node::Children results = take_in(call, group, call.request, added);
  call.notices.tell(group, call.actor, Node("create").with("type", "new").add(group_node(group)));
  Node answer = group_node(group);
  for (Node& result : results) {
    const bool names_creator = result.attr_is("error", "409");
    if (result.has_attr("error") && !names_creator) answer.add_child(std::move(result));
  }
  if (group.kind == Group::Kind::kCommunity) add_announcement_group(call, group);
  join_community(call, group, accounts_of(group));
  return Node::Children{std::move(answer)};
}

GroupAnswer add_members(const GroupCall& call) {
  Group& group = *call.group;
  WA_TRY_VOID(require_member(call));
  if (!group.rules.members_add) WA_TRY_VOID(require_admin(call));
  Node answer("add");
  if (group.rules.join_approval && !group.is_admin(call.actor)) {
    for (const Node* asked : call.request.children("participant")) {
      const auto jid = asked->jid("jid");
      Account* target = jid ? call.state.directory.account(*jid) : nullptr;
      if (target == nullptr) continue;
      ask_to_join(call, group, *target, "non_admin_add");
      answer.add_child(participant_node(group, *target));
    }
    return Node::Children{std::move(answer)};
  }
  std::vector<Account*> added;
  answer.set_children(take_in(call, group, call.request, added));
  let_in(call, group, added, "");
  return Node::Children{std::move(answer)};
}

GroupAnswer remove_members(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  Group& group = *call.group;
  std::vector<Member*> found;
  Node::Children results = resolve(call, found);
  std::vector<Account*> leaving;
  for (const Member* member : found) {
    const bool kept = member->role == Role::kSuperAdmin && member->account != &call.actor;
    results.push_back(participant_node(group, *member->account, kept ? 405 : 0));
    if (kept) continue;
    group.removed.insert(member->account);
    leaving.push_back(member->account);
  }
  if (!leaving.empty()) {
    put_out(call, group, leaving, call.actor);
    if (call.request.attr_is("linked_groups", "true")) remove_from_linked(call, leaving);
  }
  return Node::Children{Node("remove").add(std::move(results))};
}

GroupAnswer promote_members(const GroupCall& call) { return change_role(call, Role::kAdmin); }
GroupAnswer demote_members(const GroupCall& call) { return change_role(call, Role::kMember); }

/// <leave><group id/>…</leave>; for communities <community id/>, and all that belongs to it.
GroupAnswer leave_groups(const GroupCall& call) {
  Node answer("leave");
  for (const Node& named : call.request.children()) {
    auto jid = named.jid("id");
    if (!jid && named.has_attr("id")) jid = Jid{*named.attr("id"), Server::kGroup};
    Group* group = jid ? call.state.directory.group(*jid) : nullptr;
    Node result = Node(named.tag()).with("id", jid);
    if (group == nullptr || group->member(call.actor) == nullptr) {
      answer.add_child(std::move(result).with("error", group == nullptr ? 404 : 403));
      continue;
    }
    put_out(call, *group, {&call.actor}, call.actor);
    const GroupCall inside{call.state, call.notices, call.actor, call.request, group};
    if (group->kind == Group::Kind::kCommunity) remove_from_linked(inside, {&call.actor});
    answer.add_child(std::move(result));
  }
  return Node::Children{std::move(answer)};
}

}  // namespace simulator
