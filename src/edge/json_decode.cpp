#include <array>
#include <charconv>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/rfc3339.h"
#include "edge/json_codec.h"
#include "runtime/json.h"

namespace edge::json_codec {
namespace {

using base::ErrorCode;
using base::fail;
using Json = nlohmann::json;

const Json kNull;

// The first of `keys` that is there and not null.
const Json& member(const Json& object, std::initializer_list<const char*> keys) {
  if (!object.is_object()) return kNull;
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_null()) return *found;
  }
  return kNull;
}

// Ids are text for us, but a database may have made them numbers.
std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned()) return std::to_string(value.get<std::uint64_t>());
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return {};
}

std::string text(const Json& object, std::initializer_list<const char*> keys) {
  return text_of(member(object, keys));
}

std::optional<std::int64_t> integer_of(const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (number < -9e15 || number > 9e15) return std::nullopt;  // beyond what a double counts exactly
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto& digits = value.get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> unsigned_of(const Json& value) {
  const auto number = integer_of(value);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

// RFC 3339, Unix seconds or Unix milliseconds.
std::optional<WallTime> time_of(const Json& value) {
  if (value.is_string()) {
    auto parsed = base::from_rfc3339(value.get_ref<const std::string&>());
    if (parsed) return *parsed;
  }
  const auto number = integer_of(value);
  if (!number || *number <= 0) return std::nullopt;
  constexpr std::int64_t kSmallestMillis = 100'000'000'000;     // as seconds this is the year 5138
  constexpr std::int64_t kLargestMillis = 253'402'300'799'000;  // the end of the year 9999
  const std::int64_t millis = *number < kSmallestMillis ? *number * 1'000 : *number;
  if (millis > kLargestMillis) return std::nullopt;
  return WallTime{std::chrono::milliseconds{millis}};
}

std::vector<std::string> texts_of(const Json& value, std::size_t most) {
  std::vector<std::string> out;
  if (!value.is_array()) return out;
  for (const auto& item : value) {
    if (out.size() >= most) break;
    if (auto one = text_of(item); !one.empty()) out.push_back(std::move(one));
  }
  return out;
}

// `{<key>: […]}` for one of the keys, or the bare array. Null and an empty object are an empty list.
Result<const Json*> list_in(const Json& answer, std::initializer_list<const char*> keys) {
  if (answer.is_array()) return &answer;
  const Json& list = member(answer, keys);
  if (list.is_array()) return &list;
  static const Json kEmpty = Json::array();
  if (list.is_null() && (answer.is_null() || answer.is_object())) return &kEmpty;
  return fail(ErrorCode::kMalformed, "the answer holds no list");
}

Result<Json> parse_answer(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json(nullptr);
  return runtime::parse_json(body);
}

// ---- queue ------------------------------------------------------------------------------------------

std::string media_type_for(std::string_view mime) {
  for (const char* type : {"image", "video", "audio"})
    if (mime.starts_with(type)) return type;
  return "document";
}

std::optional<QueuedMedia> media_of(const Json& entry) {
  QueuedMedia media;
  media.url = text(entry, {"media_url"});
  if (media.url.empty()) return std::nullopt;
  media.mime_type = text(entry, {"mime_type"});
  media.file_name = text(entry, {"file_name"});
  media.media_type = text(entry, {"media_type"});
  if (media.media_type.empty()) media.media_type = media_type_for(media.mime_type);
  return media;
}

std::string type_of(const Json& entry, const std::optional<QueuedMedia>& media) {
  if (auto type = text(entry, {"type"}); !type.empty()) return type;
  if (!media) return "text";
  const Json& ptt = member(entry, {"ptt"});
  if (media->media_type == "audio" && ptt.is_boolean() && ptt.get<bool>()) return "ptt";
  return media->media_type;
}

// An id alone, our object, or a message as Baileys' users know it: {key: {id, participant}, message: {…}}.
void read_quoted(const Json& entry, QueuedMessage& message) {
  const Json& quoted = member(entry, {"quoted", "reply_to"});
  const Json& key = member(quoted, {"key"});
  message.quoted_id = quoted.is_object() ? text(quoted, {"id", "wa_message_id"}) : text_of(quoted);
  if (message.quoted_id.empty()) message.quoted_id = text(key, {"id"});
  message.quoted_sender = text(quoted, {"sender", "participant"});
  if (message.quoted_sender.empty()) message.quoted_sender = text(key, {"participant"});
  message.quoted_body = text(quoted, {"body", "text"});
  if (message.quoted_body.empty()) message.quoted_body = text(member(quoted, {"message"}), {"conversation"});
}

// Kinds that a text or a file says completely: they need no payload.
bool is_plain(std::string_view type) {
  for (const char* plain : {"text", "image", "video", "gif", "ptv", "audio", "ptt", "document", "sticker"})
    if (type == plain) return true;
  return false;
}

// What every kind may have; see QueuedMessage::extras_json.
constexpr auto kExtras =
    std::to_array<const char*>({"view_once", "viewOnce", "link_preview", "linkPreview", "preview",
                                "forwarded", "mention_all", "mentionsEveryOne"});

// Members of an entry that are not the payload, if it lies flat in the entry.
constexpr auto kEntryMembers =
    std::to_array<const char*>({"id", "instanceId", "instance_id", "to", "body", "type", "media_url",
                                "media_type", "mime_type", "file_name", "quoted", "reply_to", "mentions",
                                "expires_at", "ptt", "status", "created_at", "updated_at", "priority"});

std::string extras_of(const Json& entry) {
  Json out = Json::object();
  for (const char* key : kExtras)
    if (const Json& value = member(entry, {key}); !value.is_null()) out[key] = value;
  return out.empty() ? std::string{} : runtime::to_text(out);
}

// Kinds with two names, and the other one.
std::string other_name(const std::string& type) {
  constexpr auto kOthers = std::to_array<std::pair<const char*, const char*>>({{"unpin", "pin"},
                                                                               {"delete", "revoke"},
                                                                               {"contacts", "contact"},
                                                                               {"react", "reaction"},
                                                                               {"poll_vote", "vote"}});
  for (const auto& [name, other] : kOthers)
    if (type == name) return other;
  return type + "s";
}

// The object named like the kind, or `payload`, or what lies flat in the entry.
std::string payload_of(const Json& entry, const std::string& type) {
  const std::string other = other_name(type);
  const Json& named = member(entry, {type.c_str(), other.c_str(), "payload"});
  if (named.is_structured()) return runtime::to_text(named);
  if (is_plain(type) || !entry.is_object()) return {};
  Json flat = entry;
  for (const char* key : kEntryMembers)
    if (type != key) flat.erase(key);
  for (const char* key : kExtras) flat.erase(key);
  return flat.empty() ? std::string{} : runtime::to_text(flat);
}

QueuedMessage message_of(const Json& entry, std::string_view instance_id) {
  QueuedMessage message;
  message.id = text(entry, {"id"});
  message.instance_id = text(entry, {"instanceId", "instance_id"});
  if (message.instance_id.empty()) message.instance_id = instance_id;
  message.to = text(entry, {"to"});
  message.body = text(entry, {"body"});
  message.media = media_of(entry);
  message.type = type_of(entry, message.media);
  message.payload_json = payload_of(entry, message.type);
  message.extras_json = extras_of(entry);
  read_quoted(entry, message);
  message.mentions = texts_of(member(entry, {"mentions"}), 1024);
  message.expires_at = time_of(member(entry, {"expires_at"}));
  return message;
}

std::string why_malformed(const QueuedMessage& message) {
  if (message.to.empty()) return "no destination";
  if (message.body.empty() && !message.media && message.payload_json.empty()) return "neither body nor media";
  return {};
}

std::vector<InstanceCommand> commands_of(const Json& list, std::string_view instance_id) {
  constexpr std::size_t kMost = 200;
  std::vector<InstanceCommand> out;
  if (!list.is_array()) return out;
  for (const auto& entry : list) {
    if (out.size() >= kMost) break;
    InstanceCommand command{
        text(entry, {"id"}), text(entry, {"instanceId", "instance_id"}), text(entry, {"name"}), {}};
    if (command.instance_id.empty()) command.instance_id = instance_id;
    const Json& args = member(entry, {"args"});
    command.args_json = args.is_object() ? runtime::to_text(args) : "{}";
    if (!command.id.empty() && !command.name.empty()) out.push_back(std::move(command));
  }
  return out;
}

// ---- locks ------------------------------------------------------------------------------------------

// What the answer says of success: yes, no, or nothing.
std::optional<bool> verdict_of(const Json& answer) {
  for (const char* key : {"acquired", "lock_acquired", "renewed", "success", "ok"}) {
    const Json& value = member(answer, {key});
    if (value.is_boolean()) return value.get<bool>();
  }
  return std::nullopt;
}

}  // namespace

Result<WorkerSettings> decode_worker_settings(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  if (!answer.is_null() && !answer.is_object())
    return fail(ErrorCode::kMalformed, "worker-settings is not an object");
  WorkerSettings settings;
  const auto max = unsigned_of(member(answer, {"max_active_instances"}));
  if (max && *max <= UINT32_MAX) settings.max_active_instances = static_cast<std::uint32_t>(*max);
  settings.capabilities = texts_of(member(answer, {"capabilities"}), 64);
  return settings;
}

Result<InstancePage> decode_instances(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  WA_TRY(const Json* list, list_in(answer, {"instances", "data"}));
  InstancePage page;
  for (const auto& entry : *list) {
    EligibleInstance instance;
    instance.id = entry.is_object() ? text(entry, {"id"}) : text_of(entry);
    if (instance.id.empty()) continue;
    instance.priority = integer_of(member(entry, {"priority"})).value_or(0);
    instance.pairing_phone = text(entry, {"pairing_phone"});
    instance.proxy_url = text(entry, {"proxy_url"});
    instance.display_name = text(entry, {"display_name"});
    const Json& settings = member(entry, {"settings"});
    if (settings.is_object()) instance.settings_json = runtime::to_text(settings);
    page.instances.push_back(std::move(instance));
  }
  page.next_cursor = text(answer, {"next_cursor"});
  return page;
}

Result<QueueListing> decode_queue(std::string_view body, std::string_view instance_id) {
  WA_TRY(const Json answer, parse_answer(body));
  WA_TRY(const Json* list, list_in(answer, {"messages", "data"}));
  QueueListing listing;
  for (const auto& entry : *list) {
    auto message = message_of(entry, instance_id);
    if (message.id.empty()) {
      ++listing.without_id;
    } else if (auto why = why_malformed(message); !why.empty()) {
      listing.malformed.push_back({message.id, message.instance_id, message.to, std::move(why)});
    } else {
      listing.messages.push_back(std::move(message));
    }
  }
  listing.commands = commands_of(member(answer, {"commands"}), instance_id);
  return listing;
}

Result<std::vector<InstanceCommand>> decode_commands(std::string_view body, std::string_view instance_id) {
  WA_TRY(const Json answer, parse_answer(body));
  WA_TRY(const Json* list, list_in(answer, {"commands", "data"}));
  return commands_of(*list, instance_id);
}

Result<std::string> decode_contact_id(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  auto id = text(answer, {"contact_id", "id"});
  if (id.empty()) id = text(member(answer, {"contact"}), {"id"});
  if (id.empty()) return fail(ErrorCode::kMalformed, "contacts/resolve gave no contact id");
  return id;
}

Result<std::optional<std::string>> decode_primary_jid(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  auto jid = text(answer, {"jid_pn", "jid"});
  if (jid.empty()) return std::optional<std::string>{};
  return std::optional<std::string>{std::move(jid)};
}

Result<std::string> decode_media_url(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  auto url = text(answer, {"media_url"});
  if (url.empty()) return fail(ErrorCode::kMalformed, "upload-media gave no media_url");
  return url;
}

Result<LockGrant> decode_lock(std::string_view body, LockAnswer kind, std::string_view our_owner) {
  WA_TRY(const Json answer, parse_answer(body));
  LockGrant grant;
  grant.owner = text(answer, {"instance_owner", "owner"});
  grant.token = text(answer, {"lock_token", "token"});
  grant.fence = unsigned_of(member(answer, {"fence"}));
  grant.expires_at = time_of(member(answer, {"expires_at"}));

  const bool someone_else = !grant.owner.empty() && grant.owner != our_owner;
  const bool granted = verdict_of(answer).value_or(kind == LockAnswer::kRenew || !grant.token.empty());
  if (someone_else || !granted)
    return fail(ErrorCode::kConflict, "lock_conflict: another worker holds the instance");
  grant.owner = our_owner;
  return grant;
}

Result<LockBatchGrant> decode_lock_batch(std::string_view body) {
  WA_TRY(const Json answer, parse_answer(body));
  WA_TRY(const Json* list, list_in(answer, {"locks"}));
  LockBatchGrant grant;
  for (const auto& entry : *list) {
    auto id = text(entry, {"instanceId"});
    if (id.empty() || !verdict_of(entry).value_or(true)) continue;
    grant.renewed.push_back(
        {std::move(id), unsigned_of(member(entry, {"fence"})), time_of(member(entry, {"expires_at"}))});
  }
  return grant;
}

}  // namespace edge::json_codec
