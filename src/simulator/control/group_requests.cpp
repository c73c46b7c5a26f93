#include "simulator/control/group_requests.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "simulator/control/stanza_json.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

/// What a verb asks of the group service.
struct Asked {
  enum class To { kGroup, kService } to = To::kGroup;
  Node request;
  const char* type = "set";
};

Node participants_of(std::string_view tag, const json& body) {
  Node node(tag);
  for (const json& text : body.value("participants", json::array())) {
    if (auto jid = Jid::parse(text.get<std::string>()))
      node.add_child(Node("participant").with("jid", *std::move(jid)));
  }
  return node;
}

Node groups_of(const json& body) {
  Node::Children children;
  for (const json& text : body.value("groups", json::array())) {
    if (auto jid = Jid::parse(text.get<std::string>()))
      children.push_back(Node("group").with("jid", *std::move(jid)));
  }
  return Node("groups").add(std::move(children));
}

Node description_of(const Group& group, const json& body) {
  Node node = Node("description").with("id", body.value("id", std::string{"00000001"}));
  if (group.description) node.set("prev", group.description->id);
  const auto text = body.value("text", std::string{});
  if (text.empty()) return std::move(node).with("delete", "true");
  return std::move(node).add(Node("body").text(text));
}

Node on_or_off(const json& body, const char* on, const char* off) {
  return Node(body.value("on", true) ? on : off);
}

Result<Asked> asked_of(const std::string& verb, const Group& group, const json& body) {
  if (verb == "add" || verb == "remove" || verb == "promote" || verb == "demote")
    return Asked{.request = participants_of(verb, body)};
  if (verb == "subject") return Asked{.request = Node("subject").text(body.value("text", std::string{}))};
  if (verb == "description") return Asked{.request = description_of(group, body)};
  if (verb == "announce") return Asked{.request = on_or_off(body, "announcement", "not_announcement")};
  if (verb == "lock") return Asked{.request = on_or_off(body, "locked", "unlocked")};
  if (verb == "ephemeral") {
    const int seconds = body.value("seconds", 0);
    if (seconds == 0) return Asked{.request = Node("not_ephemeral")};
    return Asked{.request = Node("ephemeral").with("expiration", seconds)};
  }
  if (verb == "approval") {
    Node state = Node("group_join").with("state", body.value("on", true) ? "on" : "off");
    return Asked{.request = Node("membership_approval_mode").add(std::move(state))};
  }
  if (verb == "member-add")
    return Asked{.request = Node("member_add_mode").text(body.value("mode", std::string{"all_member_add"}))};
  if (verb == "reset-link") return Asked{.request = Node("invite")};
  if (verb == "join")
    return Asked{.to = Asked::To::kService, .request = Node("invite").with("code", group.invite_code)};
  if (verb == "leave")
    return Asked{.to = Asked::To::kService,
                 .request = Node("leave").add(Node("group").with("id", group.jid))};
  if (verb == "approve" || verb == "reject")
    return Asked{.request = Node("membership_requests_action").add(participants_of(verb, body))};
  if (verb == "link") {
    Node link = Node("link").with("link_type", "sub_group");
    link.set_children(groups_of(body).take_children());
    return Asked{.request = Node("links").add(std::move(link))};
  }
  if (verb == "unlink") {
    Node unlink = Node("unlink").with("unlink_type", "sub_group");
    unlink.set_children(groups_of(body).take_children());
    return Asked{.request = std::move(unlink)};
  }
  if (verb == "delete-community") return Asked{.request = Node("delete_parent")};
  return fail(ErrorCode::kNotFound, "no such command for groups");
}

/// Who acts: `by`, or the first admin.
Result<Device*> actor_of(World& world, const Group& group, const json& body) {
  if (const auto by = body.value("by", std::string{}); !by.empty()) {
    WA_TRY(const Jid jid, Jid::parse(by));
    const Account* account = world.server().directory().account(jid);
    if (account == nullptr) return fail(ErrorCode::kNotFound, "no such account: " + by);
    return account->device(0);
  }
  const auto admin =
      std::ranges::find_if(group.members, [](const Member& member) { return member.role != Role::kMember; });
  if (admin == group.members.end()) return fail(ErrorCode::kNotFound, "the group has no admin");
  return admin->account->device(0);
}

/// What the server does by itself, or how it misbehaves. False: no such word.
Result<bool> script(World& world, Group& group, const std::string& verb, const json& body) {
  if (verb == "addressing") {
    group.addressing = body.value("mode", std::string{"lid"}) == "pn" ? Addressing::kPn : Addressing::kLid;
  } else if (verb == "omit") {
    group.omitted.clear();
    for (const json& name : body.value("attributes", json::array()))
      group.omitted.insert(name.get<std::string>());
  } else if (verb == "hide-numbers") {
    group.rules.hidden_numbers = body.value("on", true);
  } else if (verb == "add-error") {
    WA_TRY(const Jid jid, Jid::parse(body.value("participant", std::string{})));
    Account* account = world.server().directory().account(jid);
    if (account == nullptr) return fail(ErrorCode::kNotFound, "no such participant");
    const int code = body.value("code", 403);
    group.add_errors.erase(account);
    if (code != 0) group.add_errors[account] = code;
  } else {
    return false;
  }
  return true;
}

Result<json> create(World& world, const json& body) {
  std::vector<std::string> participants;
  for (const json& jid : body.value("participants", json::array())) {
    if (jid.is_string()) participants.push_back(jid.get<std::string>());
  }
  const bool pn = body.value("addressing", std::string{"lid"}) == "pn";
  const auto subject = body.value("subject", std::string{"group"});
  WA_TRY(const Jid jid, world.create_group(subject, pn ? Addressing::kPn : Addressing::kLid, participants));
  Group& group = *world.server().directory().group(jid);
  group.rules.announcement = body.value("announce", false);
  group.rules.locked = body.value("locked", false);
  group.rules.join_approval = body.value("approval", false);
  group.rules.ephemeral_s = body.value("ephemeral", 0U);
  if (!body.value("quiet", false))
    world.server().groups().notices().tell(group, *group.creator,
                                           Node("create").with("type", "new").add(group_node(group)));
  json answer{{"jid", jid.to_string()}};
  if (body.value("community", false)) {
    group.kind = Group::Kind::kCommunity;
    ServerCore& server = world.server();
    const Node nothing;
    const GroupCall call{server.state(), server.groups().notices(), *group.creator, nothing, &group};
    answer["announcements"] = add_announcement_group(call, group).to_string();
  }
  return answer;
}

const char* to_text(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "admin";
    case Role::kSuperAdmin:
      return "superadmin";
    default:
      return "member";
  }
}

const char* to_text(Group::Kind kind) {
  switch (kind) {
    case Group::Kind::kCommunity:
      return "community";
    case Group::Kind::kAnnouncements:
      return "announcements";
    default:
      return "group";
  }
}

}  // namespace

json to_json(const Group& group) {
  json members = json::array();
  for (const Member& member : group.members)
    members.push_back({{"pn", member.account->pn().to_string()},
                       {"lid", member.account->lid().to_string()},
                       {"role", to_text(member.role)}});
  json requests = json::array();
  for (const JoinRequest& request : group.requests)
    requests.push_back({{"lid", request.account->lid().to_string()}, {"method", request.method}});
  const Group::Rules& rules = group.rules;
  return {{"jid", group.jid.to_string()},
          {"kind", to_text(group.kind)},
          {"community", group.community ? json(group.community->to_string()) : json{}},
          {"addressing", group.addressing == Addressing::kLid ? "lid" : "pn"},
          {"subject", group.subject.text},
          {"description", group.description ? json(group.description->text) : json{}},
          {"description_id", group.description ? json(group.description->id) : json{}},
          {"invite_code", group.invite_code},
          {"version", group.version},
          {"members", std::move(members)},
          {"requests", std::move(requests)},
          {"announce", rules.announcement},
          {"locked", rules.locked},
          {"approval", rules.join_approval},
          {"members_add", rules.members_add},
          {"ephemeral", rules.ephemeral_s}};
}

Result<json> show_group(const World& world, const std::string& text) {
  WA_TRY(const Jid jid, Jid::parse(text));
  const Group* group = world.server().state().directory.group(jid);
  if (group == nullptr) return fail(ErrorCode::kNotFound, "no such group");
  return to_json(*group);
}

Result<json> post_group(World& world, const std::vector<std::string>& path, const json& body) {
  if (path.size() == 2) return create(world, body);
  if (path.size() != 4) return fail(ErrorCode::kNotFound, "no such request");
  WA_TRY(const Jid jid, Jid::parse(path[2]));
  Group* group = world.server().directory().group(jid);
  if (group == nullptr) return fail(ErrorCode::kNotFound, "no such group");
  WA_TRY(const bool scripted, script(world, *group, path[3], body));
  if (scripted) {
    world.changed();
    return to_json(*group);
  }
  WA_TRY(Asked asked, asked_of(path[3], *group, body));
  WA_TRY(Device * actor, actor_of(world, *group, body));
  const Jid to = asked.to == Asked::To::kGroup ? jid : Jid::service(Server::kGroup);
  const Node iq =
      Node("iq").with("to", to).with("type", asked.type).with("xmlns", "w:g2").add(std::move(asked.request));
  WA_TRY(const Node::Children answer, world.server().iqs().ask(*actor, iq));
  world.changed();
  return json{{"answer", to_json(answer)}};
}

}  // namespace simulator
