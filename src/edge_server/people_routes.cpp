// The REST API for people: instances, and messages both ways.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_server/credentials.h"
#include "edge_server/http_reply.h"
#include "edge_server/identifiers.h"
#include "edge_server/render.h"
#include "edge_server/request_fields.h"
#include "edge_server/route_handlers.h"
#include "runtime/json.h"

namespace edge_server::people {

using Json = nlohmann::json;
using runtime::HttpResponse;
using runtime::Task;

namespace {

constexpr std::size_t kMaxPage = 200;
constexpr std::size_t kMaxInstances = 1'000;
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxSettings = 16'384;

InstanceChange read_change(Fields& in) {
  InstanceChange change;
  change.name = in.optional_text("name", kMaxName);
  change.priority = in.integer("priority");
  change.enabled = in.boolean("enabled");
  change.pairing_phone = in.optional_text("pairing_phone", 32);
  change.proxy_url = in.optional_text("proxy_url");
  if (in.has("settings")) {
    if (!in.raw("settings").is_object() && !in.raw("settings").is_null())
      in.refuse("settings must be an object");
    change.settings_json = in.structure("settings");
    if (change.settings_json->size() > kMaxSettings) in.refuse("settings is longer than 16384 bytes");
  }
  return change;
}

InstanceSettings read_settings(Services& edge, Fields& in) {
  const auto given = read_change(in);
  InstanceSettings settings;
  settings.id = in.text("id");
  if (settings.id.empty()) settings.id = uuid_v7(edge.clock, edge.random);
  if (!is_instance_id(settings.id))
    in.refuse("id: 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit");
  settings.name = given.name.value_or(std::string{});
  settings.priority = given.priority.value_or(0);
  settings.enabled = given.enabled.value_or(true);
  settings.pairing_phone = given.pairing_phone.value_or(std::string{});
  settings.proxy_url = given.proxy_url.value_or(std::string{});
  settings.settings_json = given.settings_json.value_or(std::string{});
  return settings;
}

HttpResponse instance_reply(int status, const Result<Instance>& instance, Millis now) {
  if (!instance) return problem(instance.error());
  return json_reply(status, instance_json(*instance, now));
}

}  // namespace

Task<HttpResponse> list_instances(Services& edge, const RouteCall&) {
  InstanceQuery query;
  query.limit = kMaxInstances;
  const auto job = [&] { return edge.store.instances(query); };
  const auto found = co_await edge.lane.run(job);
  if (!found) co_return problem(found.error());
  Json list = Json::array();
  for (const auto& instance : *found) list.push_back(instance_json(instance, edge.now()));
  co_return json_reply(200, {{"data", std::move(list)}});
}

Task<HttpResponse> create_instance(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto settings = read_settings(edge, in);
  if (in.error()) co_return problem(*in.error());
  const auto now = edge.now();
  const auto job = [&]() -> Result<Instance> {
    WA_TRY_VOID(edge.store.create_instance(settings, now));
    return edge.store.instance(settings.id);
  };
  co_return instance_reply(201, co_await edge.lane.run(job), now);
}

Task<HttpResponse> get_instance(Services& edge, const RouteCall& call) {
  const auto job = [&] { return edge.store.instance(call.parameter("id")); };
  co_return instance_reply(200, co_await edge.lane.run(job), edge.now());
}

Task<HttpResponse> change_instance(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto change = read_change(in);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&]() -> Result<Instance> {
    WA_TRY_VOID(edge.store.change_instance(call.parameter("id"), change));
    return edge.store.instance(call.parameter("id"));
  };
  co_return instance_reply(200, co_await edge.lane.run(job), edge.now());
}

Task<HttpResponse> remove_instance(Services& edge, const RouteCall& call) {
  const auto job = [&]() -> Result<void> {
    WA_TRY_VOID(edge.store.remove_instance(call.parameter("id")));
    edge.media.remove_all(call.parameter("id"));
    return {};
  };
  co_return reply_to(co_await edge.lane.run(job));
}

// ---- messages -----------------------------------------------------------------------------------------

namespace {

// What of a posted message is handed on to the worker; the rest of the body is not.
constexpr const char* kHandedOn[] = {
    "to",        "media_url", "media_type",   "mime_type", "file_name",  "type",     "quoted",
    "mentions",  "ptt",       "expires_at",   "location",  "contact",    "contacts", "reaction",
    "poll",      "poll_vote", "edit",         "revoke",    "pin",        "status",   "preview",
    "view_once", "payload",   "link_preview", "forwarded", "mention_all"};

Message read_message(Services& edge, const RouteCall& call, Fields& in) {
  Message message;
  message.id = "msg_" + uuid_v7(edge.clock, edge.random);
  message.instance_id = call.parameter("id");
  message.created_at = edge.now();
  const auto to = in.required_text("to", 128);
  message.chat = chat_of_destination(to);
  message.body = in.text("body", kMaxBody);
  const auto media_url = in.text("media_url", 4'096);
  if (!media_url.empty() && !media_url.starts_with("https://") && !media_url.starts_with("http://"))
    in.refuse("media_url must be an http or https URL");
  message.kind = in.text("type", 32);
  const bool typed = !message.kind.empty() && message.kind != "text";
  if (message.body.empty() && media_url.empty() && !typed) in.refuse("body or media_url is required");
  if (message.kind.empty()) message.kind = media_url.empty() ? "text" : in.text("media_type", 32);
  if (message.kind.empty()) message.kind = "document";
  Json payload = Json::object();
  for (const char* key : kHandedOn)
    if (const Json& value = in.raw(key); !value.is_null()) payload[key] = value;
  payload["to"] = to;
  message.payload_json = runtime::to_text(payload);
  return message;
}

Idempotency read_idempotency(const RouteCall& call, Fields& in) {
  Idempotency out;
  out.key = runtime::header(call.request.headers, "Idempotency-Key");
  if (out.key.empty()) out.key = in.text("idempotency_key", 255);
  if (out.key.size() > 255) in.refuse("the idempotency key is longer than 255 bytes");
  if (!out.key.empty()) out.request_hash = hash_of_key(runtime::to_text(*call.body));
  return out;
}

}  // namespace

Task<HttpResponse> send_message(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto message = read_message(edge, call, in);
  const auto idempotency = read_idempotency(call, in);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.enqueue(message, idempotency); };
  const auto done = co_await edge.lane.run(job);
  if (!done) co_return problem(done.error());
  if (done->how == Enqueued::How::kKeyReusedForAnother)
    co_return problem(422, "idempotency_key_reused", "this idempotency key belongs to another message");
  if (done->how == Enqueued::How::kRepeated) co_return json_reply(200, message_json(done->message));
  edge.bell.ring();
  co_return json_reply(201, message_json(done->message));
}

Task<HttpResponse> list_messages(Services& edge, const RouteCall& call) {
  MessageQuery query;
  query.instance_id = call.parameter("id");
  query.chat = call.query("chat");
  query.cursor = to_number(call.query("cursor"));
  query.limit = page_limit(call, 50, kMaxPage);
  if (call.query("order") == "asc") query.order = MessageQuery::Order::kOldestFirst;
  const auto job = [&]() -> Result<std::vector<Message>> {
    WA_TRY_VOID(edge.store.instance(query.instance_id));
    return edge.store.messages(query);
  };
  const auto found = co_await edge.lane.run(job);
  if (!found) co_return problem(found.error());
  Json list = Json::array();
  for (const auto& message : *found) list.push_back(message_json(message));
  Json out{{"data", std::move(list)}, {"next_cursor", nullptr}};
  // Oldest first there may always be more later, so the place to go on from is always given.
  const bool endless = query.order == MessageQuery::Order::kOldestFirst;
  if (!found->empty() && (endless || found->size() == query.limit))
    out["next_cursor"] = std::to_string(found->back().seq);
  else if (endless && query.cursor)
    out["next_cursor"] = std::to_string(*query.cursor);
  co_return json_reply(200, out);
}

Task<HttpResponse> list_chats(Services& edge, const RouteCall& call) {
  const auto limit = page_limit(call, 100, kMaxPage);
  const auto job = [&]() -> Result<std::vector<Chat>> {
    WA_TRY_VOID(edge.store.instance(call.parameter("id")));
    return edge.store.chats(call.parameter("id"), limit);
  };
  const auto found = co_await edge.lane.run(job);
  if (!found) co_return problem(found.error());
  Json list = Json::array();
  for (const auto& chat : *found)
    list.push_back({{"chat", chat.chat}, {"name", chat.name}, {"last_message", message_json(chat.last)}});
  co_return json_reply(200, {{"data", std::move(list)}});
}

Task<HttpResponse> list_events(Services& edge, const RouteCall& call) {
  const auto after = to_number(call.query("cursor")).value_or(0);
  const auto limit = page_limit(call, 100, kMaxPage);
  const auto job = [&] { return edge.store.events(call.parameter("id"), after, limit); };
  const auto found = co_await edge.lane.run(job);
  if (!found) co_return problem(found.error());
  Json list = Json::array();
  for (const auto& event : *found) list.push_back(event_json(event));
  const auto last = found->empty() ? after : found->back().seq;
  co_return json_reply(200, {{"data", std::move(list)}, {"next_cursor", std::to_string(last)}});
}

}  // namespace edge_server::people
