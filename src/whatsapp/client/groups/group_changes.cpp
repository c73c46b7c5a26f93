#include "whatsapp/client/groups/group_changes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "whatsapp/client/addresses.h"

namespace whatsapp {
namespace {

using binary::Jid;
using binary::Node;
using Role = GroupMember::Role;
using Group = std::optional<GroupMetadata>;

/// Everything that a rule may need.
struct Scene {
  const Node& notification;
  const Node& change;
  const Self& self;
  Group& group;
  GroupEffect& effect;
};

std::vector<GroupMember> read_members(const Node& change) {
  std::vector<GroupMember> out;
  for (const Node& child : change.children()) {
    if (child.tag() != "participant" && child.tag() != "requested_user") continue;
    if (auto member = read_group_member(child)) out.push_back(*std::move(member));
  }
  return out;
}

bool same_person(const GroupMember& a, const GroupMember& b) {
  return a.is(b.jid) || (b.other_form && a.is(*b.other_form));
}

bool names_us(const Scene& scene, const GroupMember& member) {
  return is_own_account(scene.self, member.jid) ||
         (member.other_form && is_own_account(scene.self, *member.other_form));
}

void erase(GroupMetadata& group, const GroupMember& member) {
  std::erase_if(group.members, [&](const GroupMember& known) { return same_person(known, member); });
}

/// Members have a version; a gap means that a change was missed.
void follow_version(Scene& scene) {
  if (!scene.group) return;
  const auto before = scene.change.attr("prev_v_id");
  const auto after = scene.change.attr("v_id");
  if (before && !scene.group->members_version.empty() && *before != scene.group->members_version)
    scene.group->stale = true;
  if (after) scene.group->members_version = *after;
}

void created(Scene& scene) {
  const Node* node = scene.change.child("group");
  if (node == nullptr) return;
  auto read = read_group(*node);
  if (!read) return;
  if (!node->has_attr("addressing_mode") && scene.notification.attr_is("addressing_mode", "lid"))
    read->addressing = GroupAddressing::kLid;
  scene.effect.fate = GroupEffect::Fate::kNew;
  scene.effect.event.text = read->subject;
  scene.effect.members = read->members;
  scene.group = *std::move(read);
}

void added(Scene& scene) {
  follow_version(scene);
  if (!scene.group) return;
  for (const GroupMember& member : scene.effect.members) {
    erase(*scene.group, member);
    scene.group->members.push_back(member);
  }
  scene.group->size = static_cast<std::int64_t>(scene.group->members.size());
}

void removed(Scene& scene) {
  follow_version(scene);
  const auto author = scene.notification.jid("participant");
  const auto& members = scene.effect.members;
  const bool left = author && members.size() == 1 && members.front().is(author->normalized());
  scene.effect.event.change = left ? "leave" : scene.change.tag();
  scene.effect.gone = members;
  const bool we = std::ranges::any_of(members, [&](const GroupMember& m) { return names_us(scene, m); });
  if (we) {
    scene.effect.fate = GroupEffect::Fate::kLeft;
    scene.group.reset();
  }
  if (!scene.group) return;
  for (const GroupMember& member : members) erase(*scene.group, member);
  scene.group->size = static_cast<std::int64_t>(scene.group->members.size());
}

void set_role(Scene& scene, Role role) {
  follow_version(scene);
  if (!scene.group) return;
  for (GroupMember& known : scene.group->members)
    for (const GroupMember& named : scene.effect.members)
      if (same_person(known, named)) known.role = role;
}

/// The author has another number now: the participant named.
void number_changed(Scene& scene) {
  const auto old = scene.notification.jid("participant");
  if (!old || scene.effect.members.empty()) return;
  const Jid before = old->normalized().account();
  GroupMember gone{before, std::nullopt, Role::kMember};
  scene.effect.gone.push_back(gone);
  if (!scene.group) return;
  GroupMember now = scene.effect.members.front();
  if (const GroupMember* known = scene.group->find(before)) now.role = known->role;
  erase(*scene.group, gone);
  erase(*scene.group, now);
  scene.group->members.push_back(std::move(now));
}

void described(Scene& scene) {
  const auto body = scene.change.child_bytes("body");
  if (body) scene.effect.event.text = base::as_text(*body);
  if (!scene.group) return;
  scene.group->description = scene.effect.event.text;
  scene.group->description_id = scene.change.attr("id").value_or("");
}

void renamed(Scene& scene) {
  scene.effect.event.text = scene.change.attr("subject").value_or("");
  if (!scene.group) return;
  scene.group->subject = scene.effect.event.text;
  scene.group->subject_at = scene.change.number("s_t").value_or(scene.group->subject_at);
}

void timer_set(Scene& scene) {
  const std::int64_t seconds = std::clamp<std::int64_t>(scene.change.number("expiration").value_or(0), 0,
                                                        std::int64_t{10} * 365 * 86'400);
  scene.effect.event.text = std::to_string(seconds);
  if (scene.group) scene.group->ephemeral_seconds = static_cast<std::uint32_t>(seconds);
}

void approval_set(Scene& scene) {
  const Node* join = scene.change.child("group_join");
  const bool on = join != nullptr && join->attr_is("state", "on");
  scene.effect.event.text = on ? "on" : "off";
  if (scene.group) scene.group->join_needs_approval = on;
}

void add_mode_set(Scene& scene) {
  scene.effect.event.text = scene.change.text();
  if (scene.group) scene.group->only_admins_add = scene.change.text() == "admin_add";
}

/// A community: a group got a parent, or lost it; or a parent tells of a child.
void linked(Scene& scene, bool joined) {
  const Node* other = scene.change.child("group");
  if (other == nullptr) return;
  const bool by_id = other->has_attr("id");
  const auto id = read_group_id(*other, by_id ? "id" : "jid");
  if (!id) return;
  scene.effect.event.text = id->to_string();
  const std::string type =
      scene.change.attr("link_type").value_or(scene.change.attr("unlink_type").value_or(""));
  if (!scene.group || type != "parent_group") return;
  scene.group->community.reset();
  if (joined) scene.group->community = *id;
}

void deleted(Scene& scene) {
  scene.effect.fate = GroupEffect::Fate::kLeft;
  scene.group.reset();
}

template <bool GroupMetadata::*flag, bool value>
void set_flag(Scene& scene) {
  if (scene.group) (*scene.group).*flag = value;
}

void invite_changed(Scene& scene) { scene.effect.event.text = scene.change.attr("code").value_or(""); }

struct Rule {
  std::string_view tag;
  void (*apply)(Scene& scene);
};

constexpr auto kRules = std::to_array<Rule>({
    {"create", created},
    {"add", added},
    {"remove", removed},
    {"leave", removed},
    {"promote", [](Scene& scene) { set_role(scene, Role::kAdmin); }},
    {"demote", [](Scene& scene) { set_role(scene, Role::kMember); }},
    {"modify", number_changed},
    {"change_number", number_changed},
    {"subject", renamed},
    {"description", described},
    {"locked", set_flag<&GroupMetadata::only_admins_edit, true>},
    {"unlocked", set_flag<&GroupMetadata::only_admins_edit, false>},
    {"announcement", set_flag<&GroupMetadata::only_admins_send, true>},
    {"not_announcement", set_flag<&GroupMetadata::only_admins_send, false>},
    {"suspended", set_flag<&GroupMetadata::suspended, true>},
    {"unsuspended", set_flag<&GroupMetadata::suspended, false>},
    {"ephemeral", timer_set},
    {"not_ephemeral", timer_set},
    {"membership_approval_mode", approval_set},
    {"member_add_mode", add_mode_set},
    {"invite", invite_changed},
    {"link", [](Scene& scene) { linked(scene, true); }},
    {"unlink", [](Scene& scene) { linked(scene, false); }},
    {"delete", deleted},
});

}  // namespace

GroupEffect apply_group_change(const Node& notification, const Node& change, const Self& self, Group& group) {
  GroupEffect effect;
  effect.event.group = notification.jid("from").value_or(Jid{}).bare();
  if (const auto author = notification.jid("participant"))
    effect.event.actor = author->normalized().account();
  effect.event.change = change.tag();
  effect.event.at = notification.number("t").value_or(0);
  effect.members = read_members(change);

  Scene scene{notification, change, self, group, effect};
  const auto rule = std::ranges::find(kRules, change.tag(), &Rule::tag);
  if (rule != kRules.end()) rule->apply(scene);
  // A group whose members are named in another form than ours: all of it is to be read anew.
  const auto mode = notification.attr("addressing_mode");
  if (group && mode && (*mode == "lid") != (group->addressing == GroupAddressing::kLid)) group->stale = true;
  if (change.tag() != "create")
    for (const GroupMember& member : effect.members) effect.event.participants.push_back(member.jid);
  return effect;
}

}  // namespace whatsapp
