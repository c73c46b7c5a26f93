#include "whatsapp/client/groups/channels.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/json.h"
#include "whatsapp/client/groups/mex.h"
#include "whatsapp/client/query_budget.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using nlohmann::json;
using runtime::Task;
using store::Changes;

namespace {

// Numbers of the web client's queries.
constexpr std::string_view kInfo = "27456920720571478";
constexpr std::string_view kSubscribed = "25399611239711790";
constexpr const char* kFollow = "24404358912487870";
constexpr const char* kUnfollow = "9767147403369991";

constexpr std::size_t kMaxNotification = 64 * 1024;

const json* member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const json& object, const char* name) {
  const json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string{};
}

/// The service writes numbers as text, mostly.
std::int64_t number_of(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return 0;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return 0;
  const auto& text = value->get_ref<const std::string&>();
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::string inner_text(const json& object, const char* name) {
  const json* value = member(object, name);
  return value == nullptr ? std::string{} : text_of(*value, "text");
}

std::optional<Jid> channel_id(const json& object) {
  const auto jid = Jid::parse(text_of(object, "id"));
  if (!jid || !jid->is_newsletter() || jid->user().empty()) return std::nullopt;
  return *jid;
}

ChannelInfo::State state_of(const json& channel) {
  const json* state = member(channel, "state");
  const std::string type = state == nullptr ? "" : text_of(*state, "type");
  if (type == "SUSPENDED" || type == "GEOSUSPENDED") return ChannelInfo::State::kSuspended;
  return type == "DELETED" ? ChannelInfo::State::kGone : ChannelInfo::State::kActive;
}

ChannelInfo::Role role_of(const json& channel) {
  const json* viewer = member(channel, "viewer_metadata");
  const std::string role = viewer == nullptr ? "" : text_of(*viewer, "role");
  if (role == "OWNER") return ChannelInfo::Role::kOwner;
  if (role == "ADMIN") return ChannelInfo::Role::kAdmin;
  return role == "SUBSCRIBER" ? ChannelInfo::Role::kFollower : ChannelInfo::Role::kNone;
}

Result<ChannelInfo> read_channel(const json& channel) {
  const auto id = channel_id(channel);
  if (!id) return fail(ErrorCode::kMalformed, "a channel without an id");
  ChannelInfo out{.id = *id};
  out.state = state_of(channel);
  out.role = role_of(channel);
  if (const json* thread = member(channel, "thread_metadata")) {
    out.name = inner_text(*thread, "name");
    out.description = inner_text(*thread, "description");
    out.invite = text_of(*thread, "invite");
    out.followers = number_of(*thread, "subscribers_count");
    out.created_at = number_of(*thread, "creation_time");
  }
  return out;
}

struct News {
  const char* data_key;
  const char* what;
};
constexpr auto kNews = std::to_array<News>({
    {"xwa2_notify_newsletter_on_join", "channel_followed"},
    {"xwa2_notify_newsletter_on_leave", "channel_unfollowed"},
    {"xwa2_notify_newsletter_on_state_change", "channel_state"},
    {"xwa2_notify_newsletter_on_metadata_update", "channel_metadata"},
});

}  // namespace

Task<Result<ChannelInfo>> Channels::ask_info(std::string key, std::string type) {
  const json input{{"key", key}, {"type", type}, {"view_role", "GUEST"}};
  json variables{{"input", input}};
  for (const char* part : {"fetch_viewer_metadata", "fetch_creation_time"}) variables[part] = true;
  for (const char* part :
       {"fetch_full_image", "fetch_pinned_messages", "fetch_status_metadata", "fetch_wamo_sub"})
    variables[part] = false;
  auto iq = mex_iq(kInfo, variables);
  WA_CO_TRY(const Node answer, co_await budgeted_query(parts_.connection, parts_.budget,
                                                       QueryBudget::Kind::kOther, std::move(iq)));
  WA_CO_TRY(const json channel, read_mex(answer, "xwa2_newsletter"));
  co_return read_channel(channel);
}

Task<Result<ChannelInfo>> Channels::info(Jid channel) { return ask_info(channel.to_string(), "JID"); }

Task<Result<ChannelInfo>> Channels::info_by_invite(std::string link) {
  if (const auto slash = link.rfind("/channel/"); slash != std::string::npos) link.erase(0, slash + 9);
  link.resize(std::min(link.size(), link.find_first_of("?#/")));
  return ask_info(std::move(link), "INVITE");
}

Task<Result<std::vector<ChannelInfo>>> Channels::list() {
  auto iq = mex_iq(kSubscribed, json::object());
  WA_CO_TRY(const Node answer, co_await budgeted_query(parts_.connection, parts_.budget,
                                                       QueryBudget::Kind::kOther, std::move(iq)));
  WA_CO_TRY(const json channels, read_mex(answer, "xwa2_newsletter_subscribed"));
  std::vector<ChannelInfo> out;
  for (const json& channel : channels)
    if (auto info = read_channel(channel)) out.push_back(*std::move(info));
  co_return out;
}

Task<Result<void>> Channels::ask_membership(Jid channel, std::string query_id, std::string data_key) {
  if (!channel.is_newsletter()) co_return fail(ErrorCode::kInvalidArgument, "this is no channel");
  const json variables{{"newsletter_id", channel.to_string()}};
  auto iq = mex_iq(query_id, variables);
  WA_CO_TRY(const Node answer, co_await budgeted_query(parts_.connection, parts_.budget,
                                                       QueryBudget::Kind::kOther, std::move(iq)));
  WA_CO_TRY(const json done, read_mex(answer, data_key));
  co_return Result<void>{};
}

Task<Result<void>> Channels::follow(Jid channel) {
  return ask_membership(std::move(channel), kFollow, "xwa2_newsletter_join_v2");
}
Task<Result<void>> Channels::unfollow(Jid channel) {
  return ask_membership(std::move(channel), kUnfollow, "xwa2_newsletter_leave_v2");
}

Task<Result<void>> Channels::take(const Node& notification, Changes& changes) {
  for (const Node& child : notification.children()) {
    if ((child.tag() != "update" && child.tag() != "mex") || child.bytes().size() > kMaxNotification)
      continue;
    const auto parsed = runtime::parse_json(child.text());
    if (!parsed) continue;
    const json* data = member(*parsed, "data");
    if (data == nullptr) continue;
    for (const News& news : kNews) {
      const json* object = member(*data, news.data_key);
      const auto id = object == nullptr ? std::nullopt : channel_id(*object);
      if (!id) continue;
      AccountChange event;
      event.what = news.what;
      const auto channel = read_channel(*object);
      if (channel) event.value = channel->name;
      event.jids.push_back(*id);
      event.at = notification.number("t").value_or(parts_.connection.unix_seconds());
      parts_.outside.sink.stage_event(event, changes);
    }
  }
  co_return Result<void>{};
}

}  // namespace whatsapp
