// group.*
#include <array>

#include "commands/command_table.h"
#include "whatsapp/client/groups/groups.h"

namespace worker {
namespace {

using base::fail;
using Json = nlohmann::json;
using whatsapp::Client;
using whatsapp::GroupMember;
using whatsapp::GroupMetadata;
using whatsapp::GroupSetting;
using whatsapp::ParticipantChange;
using whatsapp::ParticipantResult;
using whatsapp::binary::Jid;

constexpr auto kOnce = CommandExecutor::Repetition::kHarmful;
constexpr auto kAny = CommandExecutor::Repetition::kHarmless;

const char* word(GroupMember::Role role) {
  switch (role) {
    case GroupMember::Role::kMember:
      return "member";
    case GroupMember::Role::kAdmin:
      return "admin";
    case GroupMember::Role::kOwner:
      return "owner";
  }
  return "member";
}

Json or_null(const std::optional<Jid>& jid) { return jid ? Json(jid->to_string()) : Json(nullptr); }

Json as_json(const GroupMetadata& group) {
  Json members = Json::array();
  for (const GroupMember& member : group.members)
    members.push_back({{"jid", member.jid.to_string()},
                       {"other_form", or_null(member.other_form)},
                       {"role", word(member.role)}});
  return {{"id", group.id.to_string()},
          {"subject", group.subject},
          {"description", group.description},
          {"owner", or_null(group.owner)},
          {"created_at", group.created_at},
          {"size", group.size},
          {"participants", std::move(members)},
          {"announce", group.only_admins_send},
          {"locked", group.only_admins_edit},
          {"admins_add", group.only_admins_add},
          {"join_approval", group.join_needs_approval},
          {"ephemeral_seconds", group.ephemeral_seconds},
          {"is_community", group.is_community},
          {"is_announcement_group", group.is_announcement_group},
          {"community", or_null(group.community)}};
}

Json as_json(const std::vector<ParticipantResult>& results) {
  Json list = Json::array();
  for (const ParticipantResult& result : results) {
    Json one{{"jid", result.jid.to_string()}, {"code", result.code}};
    if (result.invite)
      one["invite"] = {{"code", result.invite->code}, {"expires_at", result.invite->expires_at}};
    list.push_back(std::move(one));
  }
  return list;
}

using Freshness = whatsapp::Groups::Freshness;

Freshness freshness_of(Arguments& in) {
  return in.boolean("refresh").value_or(false) ? Freshness::kRefetched : Freshness::kCached;
}

CommandAnswer list(Client& client, Arguments& in) {
  const auto freshness = freshness_of(in);
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto groups, co_await client.groups().list(freshness));
  Json out = Json::array();
  for (const GroupMetadata& group : groups) out.push_back(as_json(group));
  co_return Json{{"groups", std::move(out)}};
}

CommandAnswer metadata(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  const auto freshness = freshness_of(in);
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto found, co_await client.groups().metadata(group, freshness));
  co_return as_json(found);
}

CommandAnswer create(Client& client, Arguments& in) {
  whatsapp::NewGroup group;
  group.subject = in.required_text("subject", 400);
  const bool community = in.boolean("is_community").value_or(false);
  if (!community || in.has("participants")) group.participants = in.people("participants");
  group.description = in.text("description", 8'192);
  group.ephemeral_seconds = static_cast<std::uint32_t>(in.integer("ephemeral_seconds"));
  if (in.has("community")) group.community = in.group("community");
  if (community) group.shape = whatsapp::NewGroup::Shape::kCommunity;
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto created, co_await client.groups().create(std::move(group)));
  co_return Json{{"group", as_json(created.group)}, {"participants", as_json(created.participants)}};
}

template <ParticipantChange change>
CommandAnswer change_participants(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  auto people = in.people("participants");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto results, co_await client.groups().change(group, change, std::move(people)));
  co_return Json{{"participants", as_json(results)}};
}

CommandAnswer leave(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.groups().leave(group));
  co_return Json::object();
}

CommandAnswer set_subject(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  auto subject = in.required_text("subject", 400);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.groups().set_subject(group, std::move(subject)));
  co_return Json::object();
}

CommandAnswer set_description(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  auto text = in.text("description", 8'192);
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.groups().set_description(group, std::move(text)));
  co_return Json::object();
}

CommandAnswer change_settings(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  std::vector<GroupSetting> wanted;
  const auto take = [&](const char* name, GroupSetting yes, GroupSetting no) {
    if (const auto value = in.boolean(name)) wanted.push_back(*value ? yes : no);
  };
  take("announce", GroupSetting::kOnlyAdminsSend, GroupSetting::kEverybodySends);
  take("locked", GroupSetting::kOnlyAdminsEdit, GroupSetting::kEverybodyEdits);
  take("admins_add", GroupSetting::kOnlyAdminsAdd, GroupSetting::kEverybodyAdds);
  take("join_approval", GroupSetting::kJoinsNeedApproval, GroupSetting::kJoinsAreFree);
  const bool ephemeral = in.has("ephemeral_seconds");
  const auto seconds = static_cast<std::uint32_t>(in.integer("ephemeral_seconds"));
  if (wanted.empty() && !ephemeral) in.refuse("nothing to set");
  WA_REFUSE_BAD(in);
  for (const GroupSetting setting : wanted) WA_CO_TRY_VOID(co_await client.groups().set(group, setting));
  if (ephemeral) WA_CO_TRY_VOID(co_await client.groups().set_ephemeral(group, seconds));
  co_return Json::object();
}

CommandAnswer invite_link(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto link, co_await client.groups().invite_link(group));
  co_return Json{{"link", link}};
}

CommandAnswer revoke_invite(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto link, co_await client.groups().new_invite_link(group));
  co_return Json{{"link", link}};
}

CommandAnswer invite_info(Client& client, Arguments& in) {
  auto link = in.required_text("link", 512);
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto group, co_await client.groups().invite_info(std::move(link)));
  co_return as_json(group);
}

CommandAnswer join(Client& client, Arguments& in) {
  auto link = in.required_text("link", 512);
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto joined, co_await client.groups().join(std::move(link)));
  const bool member = joined.state == whatsapp::Groups::Joined::State::kMember;
  co_return Json{{"group", joined.group.to_string()}, {"state", member ? "member" : "awaits_approval"}};
}

CommandAnswer accept_invite(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  auto code = in.required_text("code", 128);
  const auto expires_at = in.integer("expires_at");
  const Jid admin = in.person("admin");
  WA_REFUSE_BAD(in);
  WA_CO_TRY_VOID(co_await client.groups().accept_invite(group, std::move(code), expires_at, admin));
  co_return Json::object();
}

CommandAnswer join_requests(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto requests, co_await client.groups().join_requests(group));
  Json out = Json::array();
  for (const auto& request : requests)
    out.push_back({{"who", request.who.to_string()},
                   {"other_form", or_null(request.other_form)},
                   {"asked_at", request.asked_at},
                   {"method", request.method}});
  co_return Json{{"requests", std::move(out)}};
}

template <whatsapp::JoinAnswer answer>
CommandAnswer answer_requests(Client& client, Arguments& in) {
  const Jid group = in.group("group");
  auto people = in.people("participants");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto results,
            co_await client.groups().answer_join_requests(group, answer, std::move(people)));
  co_return Json{{"participants", as_json(results)}};
}

CommandAnswer linked_groups(Client& client, Arguments& in) {
  const Jid community = in.group("community");
  WA_REFUSE_BAD(in);
  WA_CO_TRY(const auto groups, co_await client.groups().linked_groups(community));
  Json out = Json::array();
  for (const auto& group : groups)
    out.push_back({{"id", group.id.to_string()},
                   {"subject", group.subject},
                   {"is_announcement_group", group.is_announcement_group}});
  co_return Json{{"groups", std::move(out)}};
}

}  // namespace

std::span<const Command> group_commands() {
  static constexpr std::array kCommands{
      Command{"group.list", kAny, list},
      Command{"group.metadata", kAny, metadata},
      Command{"group.create", kOnce, create},
      Command{"group.add", kOnce, change_participants<ParticipantChange::kAdd>},
      Command{"group.remove", kOnce, change_participants<ParticipantChange::kRemove>},
      Command{"group.promote", kAny, change_participants<ParticipantChange::kPromote>},
      Command{"group.demote", kAny, change_participants<ParticipantChange::kDemote>},
      Command{"group.leave", kOnce, leave},
      Command{"group.subject", kAny, set_subject},
      Command{"group.description", kAny, set_description},
      Command{"group.settings", kAny, change_settings},
      Command{"group.invite_link", kAny, invite_link},
      Command{"group.revoke_invite", kOnce, revoke_invite},
      Command{"group.invite_info", kAny, invite_info},
      Command{"group.join", kOnce, join},
      Command{"group.accept_invite", kOnce, accept_invite},
      Command{"group.join_requests", kAny, join_requests},
      Command{"group.approve", kOnce, answer_requests<whatsapp::JoinAnswer::kApprove>},
      Command{"group.reject", kOnce, answer_requests<whatsapp::JoinAnswer::kReject>},
      Command{"group.linked", kAny, linked_groups},
  };
  return kCommands;
}

}  // namespace worker
