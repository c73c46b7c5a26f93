// The JSON queries about channels. Every client names them by ids of its own release, so one operation has
// several.
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "runtime/json.h"
#include "simulator/channels/channel_desk.h"

namespace simulator {
namespace {

using nlohmann::json;

enum class Query {
  kInfo,
  kList,
  kFollow,
  kUnfollow,
  kCreate,
  kUpdate,
  kMute,
  kUnmute,
  kDelete,
  kTimelock,
  kCapping,
  kAbout
};

const std::unordered_map<std::string_view, Query>& queries() {
  static const std::unordered_map<std::string_view, Query> table{
      {"27456920720571478", Query::kInfo},    {"6563316087068696", Query::kInfo},
      {"25399611239711790", Query::kList},    {"6388546374527196", Query::kList},
      {"24404358912487870", Query::kFollow},  {"9926858900719341", Query::kFollow},
      {"9767147403369991", Query::kUnfollow}, {"6392786840836363", Query::kUnfollow},
      {"25149874324715067", Query::kCreate},  {"6234210096708695", Query::kCreate},
      {"8823471724422422", Query::kCreate},   {"24250201037901610", Query::kUpdate},
      {"7150902998257522", Query::kUpdate},   {"6274038279359549", Query::kMute},
      {"29766401636284406", Query::kMute},    {"31938993655691868", Query::kMute},
      {"6068417879924485", Query::kUnmute},   {"9864994326891137", Query::kUnmute},
      {"30062808666639665", Query::kDelete},  {"23983697327930364", Query::kTimelock},
      {"24503548349331633", Query::kCapping}, {"9152604461510864", Query::kAbout},
  };
  return table;
}

json text_at(const std::string& text, std::int64_t at) {
  return {{"text", text}, {"id", std::to_string(at)}, {"update_time", std::to_string(at)}};
}

json shown(const Channel& channel, Account& asker) {
  const bool owner = channel.owner == &asker;
  const bool follows = channel.followers.contains(&asker);
  return {{"id", channel.jid.to_string()},
          {"state", {{"type", "ACTIVE"}}},
          {"thread_metadata",
           {{"name", text_at(channel.name, channel.created_at)},
            {"description", text_at(channel.description, channel.created_at)},
            {"invite", channel.invite},
            {"subscribers_count", std::to_string(channel.followers.size())},
            {"verification", "UNVERIFIED"},
            {"creation_time", std::to_string(channel.created_at)},
            {"picture", {{"id", "0"}, {"type", "IMAGE"}, {"direct_path", ""}}},
            {"preview", {{"id", "0"}, {"type", "PREVIEW"}, {"direct_path", ""}}}}},
          {"viewer_metadata",
           {{"role", owner     ? "OWNER"
                     : follows ? "SUBSCRIBER"
                               : "GUEST"},
            {"mute", channel.muted_by.contains(&asker) ? "ON" : "OFF"}}}};
}

std::string word(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

base::Result<Node::Children> ChannelDesk::answer_query(Device& device, const Node& iq) {
  const Node* query = iq.child("query");
  if (query == nullptr) return base::fail(base::ErrorCode::kRejected, "bad-request", 400);
  const auto parsed = runtime::parse_json(query->text());
  json data;
  bool known = false;
  if (parsed && parsed->is_object()) {
    const json variables = parsed->value("variables", json::object());
    known = run_query(device.account, query->attr("query_id").value_or(""), variables, data);
  }
  json answer{{"data", known ? data : json{}}};
  if (!known)
    answer["errors"] = json::array(
        {{{"message", "unknown query"}, {"extensions", {{"error_code", 404}, {"is_retryable", false}}}}});
  return Node::Children{Node("result").text(runtime::to_text(answer))};
}

bool ChannelDesk::run_query(Account& asker, std::string_view query_id, const json& variables, json& data) {
  const auto found = queries().find(query_id);
  if (found == queries().end()) return false;
  const Query query = found->second;
  const json input = variables.value("input", variables.value("newsletter_input", json::object()));
  if (query == Query::kTimelock) {
    data = {{"xwa2_fetch_account_reachout_timelock", {{"is_active", false}, {"time_enforcement_ends", "0"}}}};
    return true;
  }
  if (query == Query::kCapping) {
    data = {
        {"xwa2_message_capping_info", {{"capping_status", "NONE"}, {"total_quota", 0}, {"used_quota", 0}}}};
    return true;
  }
  if (query == Query::kAbout) {
    asker.profile.about = word(input, "text");
    asker.profile.about_at = state_.now();
    data = {{"xwa2_update_text_status", {{"result", "SUCCESS"}}}};
    return true;
  }
  if (query == Query::kList) {
    json list = json::array();
    for (const auto& [jid, channel] : channels_) {
      if (channel->owner == &asker || channel->followers.contains(&asker))
        list.push_back(shown(*channel, asker));
    }
    data = {{"xwa2_newsletter_subscribed", std::move(list)}};
    return true;
  }
  if (query == Query::kCreate) {
    Channel& channel = create(asker, word(input, "name"), word(input, "description"));
    data = {{"xwa2_newsletter_create", shown(channel, asker)}};
    return true;
  }
  const std::string key = query == Query::kInfo ? word(input, "key") : word(variables, "newsletter_id");
  Channel* channel = find_by_invite(key);
  if (const auto jid = Jid::parse(key)) channel = find(*jid);
  if (channel == nullptr) return false;
  const json named{{"id", channel->jid.to_string()}, {"state", {{"type", "ACTIVE"}}}};
  switch (query) {
    case Query::kInfo:
      data = {{"xwa2_newsletter", shown(*channel, asker)}};
      return true;
    case Query::kFollow:
      channel->followers.insert(&asker);
      data = {{"xwa2_newsletter_join_v2", named}};
      return true;
    case Query::kUnfollow:
      channel->followers.erase(&asker);
      data = {{"xwa2_newsletter_leave_v2", named}};
      return true;
    case Query::kMute:
      channel->muted_by.insert(&asker);
      data = {{"xwa2_newsletter_mute_v2", named}, {"xwa2_newsletter_update_user_setting", named}};
      return true;
    case Query::kUnmute:
      channel->muted_by.erase(&asker);
      data = {{"xwa2_newsletter_unmute_v2", named}};
      return true;
    case Query::kUpdate: {
      const json updates = variables.value("updates", json::object());
      if (updates.contains("name")) channel->name = word(updates, "name");
      if (updates.contains("description")) channel->description = word(updates, "description");
      data = {{"xwa2_newsletter_update", shown(*channel, asker)}};
      return true;
    }
    default:
      data = {{"xwa2_newsletter_delete_v2", named}};
      channels_.erase(Jid{channel->jid});
      return true;
  }
}

}  // namespace simulator
