#include "whatsapp/client/groups/group_stanzas.h"

#include <algorithm>
#include <utility>

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;

namespace {

Node approval_node(std::string_view state) {
  return Node("membership_approval_mode").add(Node("group_join").with("state", state));
}

bool is_code_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

}  // namespace

Node group_iq(std::string_view type, const Jid& to, Node child) {
  return Node("iq").with("type", type).with("xmlns", "w:g2").with("to", to).add(std::move(child));
}

Node all_groups_iq(std::string_view type, Node child) {
  return group_iq(type, Jid::service(binary::Server::kGroup), std::move(child));
}

std::string_view tag_of(ParticipantChange change) {
  switch (change) {
    case ParticipantChange::kAdd:
      return "add";
    case ParticipantChange::kRemove:
      return "remove";
    case ParticipantChange::kPromote:
      return "promote";
    case ParticipantChange::kDemote:
      return "demote";
  }
  return "add";
}

Node participant_node(const Jid& jid, const std::optional<Jid>& pn) {
  Node out = Node("participant").with("jid", jid);
  if (pn && jid.is_lid()) out.set("phone_number", *pn);
  return out;
}

Node create_node(const NewGroup& group, Node::Children participants, std::string_view description_id) {
  Node out = Node("create").with("subject", std::string_view{group.subject});
  for (Node& participant : participants) out.add_child(std::move(participant));
  out.add_child(Node("member_add_mode").text("all_member_add"));
  if (group.shape == NewGroup::Shape::kCommunity) {
    out.add_child(Node("parent").with("default_membership_approval_mode", "request_required"));
  } else if (group.community) {
    out.add_child(Node("linked_parent").with("jid", *group.community));
  }
  Node timer = Node("ephemeral").with("expiration", group.ephemeral_seconds);
  if (group.ephemeral_seconds > 0) timer.set("trigger", "1");
  out.add_child(std::move(timer));
  out.add_child(approval_node("off"));
  if (!group.description.empty())
    out.add_child(Node("description").with("id", description_id).add(Node("body").text(group.description)));
  return out;
}

Node setting_node(GroupSetting setting) {
  switch (setting) {
    case GroupSetting::kOnlyAdminsSend:
      return Node("announcement");
    case GroupSetting::kEverybodySends:
      return Node("not_announcement");
    case GroupSetting::kOnlyAdminsEdit:
      return Node("locked");
    case GroupSetting::kEverybodyEdits:
      return Node("unlocked");
    case GroupSetting::kOnlyAdminsAdd:
      return Node("member_add_mode").text("admin_add");
    case GroupSetting::kEverybodyAdds:
      return Node("member_add_mode").text("all_member_add");
    case GroupSetting::kJoinsNeedApproval:
      return approval_node("on");
    case GroupSetting::kJoinsAreFree:
      return approval_node("off");
  }
  return Node("not_announcement");
}

Node ephemeral_node(std::uint32_t seconds) {
  return seconds == 0 ? Node("not_ephemeral") : Node("ephemeral").with("expiration", seconds);
}

Node description_node(std::string_view text, std::string_view id, std::string_view previous) {
  Node out = Node("description").with("id", id);
  if (!previous.empty()) out.set("prev", std::string{previous});
  if (text.empty()) {
    out.set("delete", "true");
  } else {
    out.add_child(Node("body").text(text));
  }
  return out;
}

std::vector<ParticipantResult> read_participant_results(const Node& list) {
  std::vector<ParticipantResult> out;
  for (const Node* participant : list.children("participant")) {
    const auto jid = participant->jid("jid");
    if (!jid || jid->user().empty()) continue;
    ParticipantResult result;
    result.jid = jid->normalized().account();
    const std::int64_t code = participant->number("error").value_or(200);
    result.code = code > 0 && code < 1000 ? static_cast<int>(code) : 500;
    if (const Node* invite = participant->child("add_request"))
      if (const auto word = invite->attr("code"))
        result.invite = ParticipantResult::Invite{*word, invite->number("expiration").value_or(0)};
    out.push_back(std::move(result));
  }
  return out;
}

std::vector<JoinRequest> read_join_requests(const Node& answer) {
  std::vector<JoinRequest> out;
  const Node* list = answer.child("membership_approval_requests");
  if (list == nullptr) return out;
  for (const Node* request : list->children("membership_approval_request")) {
    const auto member = read_group_member(*request);
    if (!member) continue;
    out.push_back({member->jid, member->other_form, request->number("request_time").value_or(0),
                   request->attr("request_method").value_or("")});
  }
  return out;
}

std::vector<LinkedGroup> read_linked_groups(const Node& answer) {
  std::vector<LinkedGroup> out;
  const Node* list = answer.child("sub_groups");
  if (list == nullptr) return out;
  for (const Node* group : list->children("group")) {
    const bool by_id = group->has_attr("id");
    auto id = read_group_id(*group, by_id ? "id" : "jid");
    if (!id) continue;
    const bool announcements =
        group->child("default_sub_group") != nullptr || group->has_attr("default_sub_group");
    out.push_back({*std::move(id), group->attr("subject").value_or(""), announcements});
  }
  return out;
}

Result<std::string> invite_code_of(std::string_view link) {
  constexpr std::string_view kHost = "chat.whatsapp.com/";
  if (const auto host = link.find(kHost); host != std::string_view::npos)
    link.remove_prefix(host + kHost.size());
  if (link.starts_with("invite/")) link.remove_prefix(7);
  link = link.substr(0, link.find_first_of("?#"));
  while (link.ends_with('/')) link.remove_suffix(1);
  const bool fits = !link.empty() && link.size() <= 64 && std::ranges::all_of(link, is_code_character);
  if (!fits) return fail(ErrorCode::kInvalidArgument, "this is no invite link");
  return std::string{link};
}

}  // namespace whatsapp
