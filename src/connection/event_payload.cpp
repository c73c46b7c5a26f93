#include "connection/event_payload.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "edge/json_codec.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;
using whatsapp::binary::Jid;

namespace {

struct Entry {
  const char* type;
  Json data;
  std::int64_t at = 0;  // 0: now
};

std::string plain(const Jid& jid) { return jid.normalized().account().to_string(); }

void put(Json& out, const char* key, const std::optional<Jid>& jid) {
  if (jid && !jid->empty()) out[key] = plain(*jid);
}

template <class T>
void put(Json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

void put(Json& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

void put(Json& out, const char* key, const std::vector<Jid>& jids) {
  if (jids.empty()) return;
  Json list = Json::array();
  for (const Jid& jid : jids) list.push_back(plain(jid));
  out[key] = std::move(list);
}

const char* word(whatsapp::MessageStatus::State state) {
  using State = whatsapp::MessageStatus::State;
  switch (state) {
    case State::kServerAck:
      return "server";
    case State::kDelivered:
      return "delivered";
    case State::kRead:
      return "read";
    case State::kPlayed:
      return "played";
    case State::kError:
      return "error";
  }
  return "error";
}

const char* word(whatsapp::PresenceChange::State state) {
  using State = whatsapp::PresenceChange::State;
  switch (state) {
    case State::kAvailable:
      return "available";
    case State::kUnavailable:
      return "unavailable";
    case State::kComposing:
      return "composing";
    case State::kRecording:
      return "recording";
    case State::kPaused:
      return "paused";
  }
  return "unavailable";
}

const char* word(whatsapp::CallChange::State state) {
  using State = whatsapp::CallChange::State;
  switch (state) {
    case State::kOffered:
      return "offered";
    case State::kAccepted:
      return "accepted";
    case State::kRejected:
      return "rejected";
    case State::kTerminated:
      return "terminated";
    case State::kMissed:
      return "missed";
  }
  return "terminated";
}

std::vector<Entry> entries_of(const whatsapp::MessageStatus& status) {
  std::vector<Entry> out;
  for (const std::string& id : status.ids) {
    Json data{{"wa_message_id", id}, {"status", word(status.state)}, {"chat", plain(status.chat)}};
    if (status.by && !status.by->empty()) data["by"] = status.by->to_string();
    if (status.error_code != 0) data["error_code"] = status.error_code;
    out.push_back({"message.status", std::move(data), status.at});
  }
  return out;
}

std::vector<Entry> entries_of(const whatsapp::GroupChange& change) {
  Json data{{"group", plain(change.group)}, {"change", change.change}};
  put(data, "actor", change.actor);
  put(data, "participants", change.participants);
  put(data, "text", change.text);
  return {{"group.changed", std::move(data), change.at}};
}

std::vector<Entry> entries_of(const whatsapp::PresenceChange& change) {
  Json data{{"chat", plain(change.chat)}, {"who", plain(change.who)}, {"state", word(change.state)}};
  put(data, "last_seen", change.last_seen);
  return {{"presence", std::move(data)}};
}

std::vector<Entry> entries_of(const whatsapp::CallChange& call) {
  const bool video = call.kind == whatsapp::CallChange::Kind::kVideo;
  Json data{{"call_id", call.id},
            {"from", plain(call.from)},
            {"state", word(call.state)},
            {"media", video ? "video" : "audio"}};
  put(data, "group", call.group);
  return {{"call", std::move(data), call.at}};
}

std::vector<Entry> entries_of(const whatsapp::ContactChange& contact) {
  using Picture = whatsapp::ContactChange::Picture;
  using Identity = whatsapp::ContactChange::Identity;
  Json data{{"jid", plain(contact.jid)}};
  put(data, "pn", contact.pn);
  put(data, "lid", contact.lid);
  put(data, "full_name", contact.full_name);
  put(data, "first_name", contact.first_name);
  put(data, "push_name", contact.push_name);
  put(data, "about", contact.about);
  if (contact.picture != Picture::kSame)
    data["picture"] = contact.picture == Picture::kSet ? "set" : "removed";
  if (contact.identity == Identity::kNew) data["identity"] = "new";
  return {{"contact.changed", std::move(data), contact.at}};
}

std::vector<Entry> entries_of(const whatsapp::ChatChange& chat) {
  using Removal = whatsapp::ChatChange::Removal;
  Json data{{"chat", plain(chat.chat)}};
  put(data, "archived", chat.archived);
  put(data, "pinned", chat.pinned);
  put(data, "read", chat.read);
  put(data, "muted_until", chat.muted_until);
  if (chat.removal != Removal::kNone)
    data["removal"] = chat.removal == Removal::kCleared ? "cleared" : "deleted";
  return {{"chat.changed", std::move(data), chat.at}};
}

std::vector<Entry> entries_of(const whatsapp::AccountChange& change) {
  Json data{{"what", change.what}};
  put(data, "value", change.value);
  put(data, "jids", change.jids);
  put(data, "until", change.until);
  return {{"account.changed", std::move(data), change.at}};
}

std::string id_of(const std::string& instance_id, const Entry& entry, std::int64_t at) {
  const std::string fact =
      instance_id + '\n' + entry.type + '\n' + std::to_string(at) + '\n' + runtime::to_text(entry.data);
  const auto digest = crypto::sha256(base::as_bytes(fact));
  return "evt_" + base::to_hex(base::ByteView{digest}.first(16));
}

}  // namespace

std::vector<edge::Event> to_edge_events(const whatsapp::ClientEvent& event, const std::string& instance_id,
                                        std::int64_t now) {
  std::vector<edge::Event> out;
  for (Entry& entry : std::visit([](const auto& one) { return entries_of(one); }, event)) {
    const std::int64_t at = entry.at > 0 ? entry.at : now;
    edge::Event told;
    told.id = id_of(instance_id, entry, at);
    told.type = entry.type;
    told.instance_id = instance_id;
    told.at = edge::WallTime{std::chrono::seconds{at}};
    told.data_json = runtime::to_text(entry.data);
    out.push_back(std::move(told));
  }
  return out;
}

edge::Event to_history_event(const edge::InboundMessage& message) {
  edge::Event told;
  const std::int64_t at = message.timestamp.value_or(0);
  told.data_json = edge::json_codec::encode(message);
  const std::string fact = message.instance_id + "\nhistory\n" + message.chat_id + '\n' +
                           message.sender_jid_raw + '\n' + message.wa_message_id;
  told.id = "evt_" + base::to_hex(base::ByteView{crypto::sha256(base::as_bytes(fact))}.first(16));
  told.type = "history";
  told.instance_id = message.instance_id;
  told.at = edge::WallTime{std::chrono::seconds{at}};
  return told;
}

std::string encode_event(const edge::Event& event) {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(event.at.time_since_epoch()).count();
  auto data = runtime::parse_json(event.data_json);
  return runtime::to_text({{"id", event.id},
                           {"type", event.type},
                           {"instanceId", event.instance_id},
                           {"at", at},
                           {"data", data ? *std::move(data) : Json::object()}});
}

base::Result<edge::Event> decode_event(std::string_view payload) {
  WA_TRY(const Json json, runtime::parse_json(payload));
  const auto text = [&json](const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  edge::Event event;
  event.id = text("id");
  event.type = text("type");
  event.instance_id = text("instanceId");
  if (event.id.empty() || event.type.empty())
    return base::fail(base::ErrorCode::kMalformed, "the spooled event cannot be read");
  if (const auto at = json.find("at"); at != json.end() && at->is_number_integer())
    event.at = edge::WallTime{std::chrono::seconds{at->get<std::int64_t>()}};
  if (const auto data = json.find("data"); data != json.end() && data->is_object())
    event.data_json = runtime::to_text(*data);
  return event;
}

}  // namespace worker
