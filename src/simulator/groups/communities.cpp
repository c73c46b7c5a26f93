// Communities: groups under one roof, with a group in which the community's admins talk to everybody (spec 08
// §10.7).
#include "simulator/groups/group_call.h"

namespace simulator {
namespace {

base::Result<void> require_community(const GroupCall& call) {
  if (call.group->kind != Group::Kind::kCommunity) return refuse_group_call(400, "bad-request");
  return {};
}

Node short_node(const Group& group) {
  Node node = Node("group")
                  .with("id", group.jid.user())
                  .with("subject", group.subject.text)
                  .with("s_t", group.subject.at)
                  .with("size", group.members.size());
  if (group.kind == Group::Kind::kAnnouncements) node.add_child(Node("default_sub_group"));
  return node;
}

template <class Visitor>
void for_each_part(const GroupCall& call, const Jid& community, Visitor&& visit) {
  call.state.directory.for_each_group([&](Group& group) {
    if (group.community == community) visit(group);
  });
}

Node link_node(std::string_view tag, std::string_view type_name, std::string_view type, const Group& named) {
  Node group =
      Node("group").with("jid", named.jid).with("subject", named.subject.text).with("s_t", named.subject.at);
  return Node(tag).with(type_name, type).add(std::move(group));
}

/// The part named by a <group jid/> of the request.
Group* named_group(const GroupCall& call, const Node& named) {
  const auto jid = named.jid("jid");
  return jid ? call.state.directory.group(*jid) : nullptr;
}

}  // namespace

Jid add_announcement_group(const GroupCall& call, const Group& community) {
  Group& group = call.state.directory.new_group(*community.creator, community.subject.text,
                                                community.addressing, call.state.now());
  group.kind = Group::Kind::kAnnouncements;
  group.community = community.jid;
  group.rules.announcement = true;
  group.members = community.members;
  call.notices.tell(group, call.actor, Node("create").with("type", "new").add(group_node(group)));
  return group.jid;
}

/// Who joins a part is in the community and reads its announcements.
void join_community(const GroupCall& call, const Group& part, const std::vector<Account*>& newcomers) {
  if (!part.community || part.kind == Group::Kind::kAnnouncements) return;
  const Jid community = *part.community;
  const auto take_in = [&](Group& group) {
    std::vector<Account*> fresh;
    for (Account* account : newcomers) {
      if (group.member(*account) != nullptr) continue;
      group.members.push_back({account, Role::kMember});
      fresh.push_back(account);
    }
    let_in(call, group, fresh, "");
  };
  if (Group* parent = call.state.directory.group(community)) take_in(*parent);
  for_each_part(call, community, [&](Group& group) {
    if (group.kind == Group::Kind::kAnnouncements) take_in(group);
  });
}

GroupAnswer link_groups(const GroupCall& call) {
  WA_TRY_VOID(require_community(call));
  WA_TRY_VOID(require_admin(call));
  Node answer("links");
  for (const Node* link : call.request.children("link")) {
    Node results = Node("link").with("link_type", link->attr("link_type"));
    for (const Node* named : link->children("group")) {
      Node result = Node("group").with("jid", named->jid("jid"));
      Group* part = named_group(call, *named);
      if (part == nullptr || !part->is_admin(call.actor) || part->community) {
        const int code = part == nullptr ? 404 : part->community ? 409 : 403;
        results.add_child(std::move(result).add(Node("error").with("code", code)));
        continue;
      }
      part->community = call.group->jid;
      call.notices.tell(*part, call.actor, link_node("link", "link_type", "parent_group", *call.group));
      call.notices.tell(*call.group, call.actor, link_node("link", "link_type", "sub_group", *part));
      join_community(call, *part, accounts_of(*part));
      results.add_child(std::move(result));
    }
    answer.add_child(std::move(results));
  }
  return Node::Children{std::move(answer)};
}

GroupAnswer unlink_groups(const GroupCall& call) {
  WA_TRY_VOID(require_community(call));
  WA_TRY_VOID(require_admin(call));
  Node answer = Node("unlink").with("unlink_type", call.request.attr("unlink_type"));
  for (const Node* named : call.request.children("group")) {
    Node result = Node("group").with("jid", named->jid("jid"));
    Group* part = named_group(call, *named);
    if (part == nullptr || part->community != call.group->jid) {
      answer.add_child(std::move(result).add(Node("error").with("code", 404)));
      continue;
    }
    part->community.reset();
    const auto unlinked = [&](std::string_view type, const Group& other) {
      return link_node("unlink", "unlink_type", type, other).with("unlink_reason", "unlink_group");
    };
    call.notices.tell(*part, call.actor, unlinked("parent_group", *call.group));
    call.notices.tell(*call.group, call.actor, unlinked("sub_group", *part));
    answer.add_child(std::move(result));
  }
  return Node::Children{std::move(answer)};
}

GroupAnswer list_sub_groups(const GroupCall& call) {
  WA_TRY_VOID(require_member(call));
  Node answer("sub_groups");
  for_each_part(call, call.group->jid, [&](const Group& part) { answer.add_child(short_node(part)); });
  return Node::Children{std::move(answer)};
}

GroupAnswer list_community_members(const GroupCall& call) {
  WA_TRY_VOID(require_member(call));
  Node answer("linked_groups_participants");
  for (const Member& member : call.group->members)
    answer.add_child(participant_node(*call.group, *member.account));
  return Node::Children{std::move(answer)};
}

GroupAnswer show_sub_group(const GroupCall& call) {
  WA_TRY_VOID(require_member(call));
  const Group* part = named_group(call, call.request);
  if (part == nullptr || part->community != call.group->jid) return refuse_group_call(404, "item-not-found");
  return Node::Children{Node("linked_group").with("jid", part->jid).add(invited_group_node(*part))};
}

GroupAnswer join_sub_group(const GroupCall& call) {
  WA_TRY_VOID(require_member(call));
  Group* part = named_group(call, call.request);
  if (part == nullptr || part->community != call.group->jid) return refuse_group_call(404, "item-not-found");
  if (part->member(call.actor) != nullptr) return refuse_group_call(304, "not-modified");
  if (part->rules.join_approval) {
    ask_to_join(call, *part, call.actor, "linked_group_join");
    return Node::Children{Node("membership_approval_request").with("jid", part->jid)};
  }
  part->members.push_back({&call.actor, Role::kMember});
  let_in(call, *part, {&call.actor}, "");
  return Node::Children{Node("group").with("jid", part->jid)};
}

GroupAnswer delete_community(const GroupCall& call) {
  WA_TRY_VOID(require_community(call));
  WA_TRY_VOID(require_admin(call));
  std::vector<Jid> doomed{call.group->jid};
  for_each_part(call, call.group->jid, [&](Group& part) {
    if (part.kind == Group::Kind::kAnnouncements) {
      call.notices.tell(part, call.actor, Node("delete").with("reason", "delete_parent"));
      doomed.push_back(part.jid);
      return;
    }
    part.community.reset();
    call.notices.tell(part, call.actor,
                      link_node("unlink", "unlink_type", "parent_group", *call.group)
                          .with("unlink_reason", "delete_parent"));
  });
  call.notices.tell(*call.group, call.actor, Node("delete"));
  for (const Jid& jid : doomed) call.state.directory.remove_group(jid);
  return Node::Children{};
}

}  // namespace simulator
