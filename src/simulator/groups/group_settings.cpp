// What a group is called and what its members may do (spec 08 §10.5).
#include <array>

#include "simulator/groups/group_call.h"

namespace simulator {
namespace {

constexpr std::size_t kMaxSubject = 100;
constexpr std::size_t kMaxDescription = 2048;

/// Code points: limits count characters, not bytes.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

bool is_timer(std::int64_t seconds) {
  return seconds == 0 || seconds == 86'400 || seconds == 604'800 || seconds == 7'776'000;
}

}  // namespace

GroupAnswer change_subject(const GroupCall& call) {
  WA_TRY_VOID(require_editor(call));
  Group& group = *call.group;
  const std::string_view text = call.request.text();
  if (text.empty() || characters(text) > kMaxSubject) return refuse_group_call(406, "not-acceptable");
  group.subject = {.text = std::string{text}, .id = {}, .author = &call.actor, .at = call.state.now()};
  Node change = Node("subject")
                    .with("subject", text)
                    .with("s_o", call.actor.jid(group.addressing))
                    .with("s_t", group.subject.at);
  if (group.addressing == Addressing::kLid) change.set("s_o_pn", call.actor.pn());
  call.notices.tell(group, call.actor, std::move(change));
  return Node::Children{};
}

/// `prev` must name the description that is there: 409.
GroupAnswer change_description(const GroupCall& call) {
  WA_TRY_VOID(require_editor(call));
  Group& group = *call.group;
  const std::string current = group.description ? group.description->id : std::string{};
  if (call.request.attr("prev").value_or("") != current) return refuse_group_call(409, "conflict");
  if (call.request.attr_is("delete", "true")) {
    group.description.reset();
    call.notices.tell(group, call.actor,
                      Node("description").with("id", call.request.attr("id")).add(Node("delete")));
    return Node::Children{};
  }
  const auto body = call.request.child_bytes("body");
  const auto id = call.request.attr("id");
  if (!body || !id) return refuse_group_call(400, "bad-request");
  const std::string text{base::as_text(*body)};
  if (characters(text) > kMaxDescription) return refuse_group_call(406, "not-acceptable");
  group.description = GroupText{.text = text, .id = *id, .author = &call.actor, .at = call.state.now()};
  call.notices.tell(
      group, call.actor,
      Node("description").with("id", *id).with("t", group.description->at).add(Node("body").text(text)));
  return Node::Children{};
}

GroupAnswer change_rule(const GroupCall& call) {
  WA_TRY_VOID(require_admin(call));
  Group::Rules& rules = call.group->rules;
  const std::string& tag = call.request.tag();
  if (tag == "locked" || tag == "unlocked") {
    rules.locked = tag == "locked";
  } else if (tag == "announcement" || tag == "not_announcement") {
    rules.announcement = tag == "announcement";
  } else if (tag == "no_frequently_forwarded" || tag == "frequently_forwarded_ok") {
    rules.no_frequently_forwarded = tag == "no_frequently_forwarded";
  } else if (tag == "ephemeral") {
    const auto seconds = call.request.number("expiration");
    if (!seconds || !is_timer(*seconds)) return refuse_group_call(400, "bad-request");
    rules.ephemeral_s = static_cast<std::uint32_t>(*seconds);
  } else if (tag == "not_ephemeral") {
    rules.ephemeral_s = 0;
  } else if (tag == "member_add_mode") {
    const std::string_view mode = call.request.text();
    if (mode != "admin_add" && mode != "all_member_add") return refuse_group_call(400, "bad-request");
    rules.members_add = mode == "all_member_add";
  } else {
    const Node* join = call.request.child("group_join");
    if (join == nullptr) return refuse_group_call(400, "bad-request");
    rules.join_approval = join->attr_is("state", "on");
  }
  call.notices.tell(*call.group, call.actor, call.request);
  return Node::Children{};
}

}  // namespace simulator
