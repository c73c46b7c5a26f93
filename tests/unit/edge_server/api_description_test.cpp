// docs/edge-api.yaml is a promise to others. Here it is held against the route table of the server and
// against every request that the worker's client makes.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "edge_bench.h"
#include "edge_server/embedded_files.h"
#include "edge_server/router.h"
#include "yaml_subset.h"

using namespace std::chrono_literals;
using namespace edge_server;
using Json = nlohmann::json;

namespace {

const Json& description() {
  static const Json kParsed = YamlSubset::parse(api_description());
  return kParsed;
}

const Json& resolved(const Json& node) {
  if (!node.contains("$ref")) return node;
  const auto reference = node["$ref"].get<std::string>();
  return description().at(Json::json_pointer(reference.substr(1)));
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::set<std::string> operations_described() {
  std::set<std::string> out;
  for (const auto& [path, methods] : description()["paths"].items())
    for (const auto& [method, operation] : methods.items()) out.insert(method + " " + path);
  return out;
}

void check_object(const Json& schema, const Json& value, const std::string& where);

void check_value(const Json& schema_or_reference, const Json& value, const std::string& where) {
  const Json& schema = resolved(schema_or_reference);
  if (value.is_object() && schema.contains("properties")) return check_object(schema, value, where);
  if (value.is_array() && schema.contains("items")) {
    for (const auto& item : value) check_value(schema["items"], item, where + "[]");
    return;
  }
  CAPTURE(where);
  auto types = schema["type"].is_array() ? schema["type"] : Json::array({schema["type"]});
  const std::string is = value.is_string()           ? "string"
                         : value.is_boolean()        ? "boolean"
                         : value.is_number_integer() ? "integer"
                         : value.is_null()           ? "null"
                         : value.is_array()          ? "array"
                                                     : "object";
  CHECK_MESSAGE(std::ranges::find(types, Json(is)) != types.end(), where, " is ", is, ", described as ",
                types.dump());
  if (schema.contains("enum") && value.is_string())
    CHECK(std::ranges::find(schema["enum"], value) != schema["enum"].end());
}

// All required fields are there, and there is none that is not described.
void check_object(const Json& schema, const Json& value, const std::string& where) {
  for (const auto& name : schema.value("required", Json::array()))
    CHECK_MESSAGE(value.contains(name.get<std::string>()), where, " lacks ", name.get<std::string>());
  for (const auto& [name, field] : value.items()) {
    CHECK_MESSAGE(schema["properties"].contains(name), where, ".", name, " is not described");
    if (schema["properties"].contains(name))
      check_value(schema["properties"][name], field, where + "." + name);
  }
}

const Json& operation(std::string_view method, const std::string& path) {
  return description().at("paths").at(path).at(lower(method));
}

void check_request(const runtime::HttpRequest& request) {
  const auto seen = DirectTransport::as_server_request(request);
  const std::string where = seen.method + " " + seen.path;
  CAPTURE(where);
  const Json& described = operation(seen.method, seen.path);
  if (seen.method == "POST") {
    const Json& body = resolved(described["requestBody"]["content"]["application/json"]["schema"]);
    check_object(body, Json::parse(seen.body), where);
  }
  std::set<std::string> parameters;
  for (const auto& one : described.value("parameters", Json::array())) {
    const Json& parameter = resolved(one);
    const auto name = parameter["name"].get<std::string>();
    parameters.insert(name);
    if (parameter.value("required", Json("false")) == "true") CHECK(seen.query.contains(name));
  }
  for (const auto& [name, value] : seen.query) CHECK(parameters.contains(name));
  for (const char* header : {"X-Fencing-Token", "Idempotency-Key", "traceparent", "X-Worker-Id"})
    if (!runtime::header(seen.headers, header).empty()) CHECK_MESSAGE(parameters.contains(header), header);
}

void check_reply(std::string_view method, const std::string& pattern, const runtime::HttpResponse& reply) {
  const std::string where = std::string{method} + " " + pattern + " → " + std::to_string(reply.status);
  const Json& responses = operation(method, pattern)["responses"];
  REQUIRE_MESSAGE(responses.contains(std::to_string(reply.status)), where);
  const Json& response = resolved(responses[std::to_string(reply.status)]);
  if (!response.contains("content")) {
    CHECK(reply.body.empty());
    return;
  }
  check_value(response["content"].begin().value()["schema"], Json::parse(reply.body), where);
}

// Every call of the contract once, with everything in it that can be in it.
void make_every_call(EdgeBench& bench) {
  auto& client = *bench.client;
  edge::Call call;
  call.fence = 99;
  (void)bench.await(client.worker_settings({}));
  (void)bench.await(client.eligible_instances(10, {}));
  edge::StatusUpdate update{"i1",
                            edge::InstanceStatus::kConnecting,
                            "data:image/png;base64,AA",
                            "2@q",
                            "ABCD-1234",
                            "timed_out",
                            408,
                            2,
                            bench.clock.wall_now(),
                            "5511@s.whatsapp.net",
                            "7@lid",
                            "Ana",
                            R"({"step":"wait"})",
                            bench.clock.wall_now()};
  (void)bench.await(client.update_status(update, call));
  update.status = edge::InstanceStatus::kDisconnected;
  (void)bench.await(client.update_status(update, call));
  (void)bench.await(client.queued_messages("i1", call));
  (void)bench.await(client.claim_messages({{"i1"}, 10, 60s, 0s}, {}));
  const edge::SendDebug debug{"5511", "5511@s.whatsapp.net", "sent"};
  (void)bench.await(client.mark_sent({"m", "3EB0", debug, "i1", bench.clock.wall_now()}, call));
  (void)bench.await(client.mark_failed({"m", "expired", debug, "i1", "expired", edge::Retryable::kNo}, call));
  (void)bench.await(client.resolve_contact({"i1", "7@lid", edge::JidType::kLid, ""}, call));
  (void)bench.await(client.primary_jid("i1", "7@lid", call));
  runtime::BytesSource file(base::to_bytes("x"));
  (void)bench.await(client.upload_media({"i1", "3EB0", "image/png", "a.png", &file}, call));
  const auto lock = bench.await(client.acquire_lock({"i1", "a:1", 30s}, {}));
  const edge::HeldLock held{"i1", "a:1", lock->token, 30s};
  (void)bench.await(client.renew_lock(held, call));
  (void)bench.await(client.renew_locks({"a:1", 30s, {{"i1", lock->token}}}, {}));
  (void)bench.await(client.release_lock(held, "b:2", {}));
  (void)bench.await(client.send_events({{"e1", "call", "i1", bench.clock.wall_now(), "{}"}}, {}));
  (void)bench.await(client.commands("i1", call));
  (void)bench.await(client.command_result({"c", "i1", R"({"a":1})", "", ""}, call));
  (void)bench.await(client.command_result({"c", "i1", "", "failed", "why"}, call));
}

edge::InboundMessage full_inbound() {
  edge::InboundMessage message;
  message.instance_id = "i1";
  message.from = "1@s.whatsapp.net";
  message.to = "2@s.whatsapp.net";
  message.chat_id = "3@g.us";
  message.sender_jid_raw = "7@lid";
  message.sender_pn = "1@s.whatsapp.net";
  message.sender_lid = "7@lid";
  message.sender_contact_id = "con_1";
  message.push_name = "Ana";
  message.wa_message_id = "A";
  message.timestamp = 1;
  message.media = edge::InboundMedia{"image", "https://m/1", "image/png", "a.png", 3, "gone"};
  message.kind = "image";
  using Mark = edge::InboundMessage::Context::Mark;
  auto& context = message.context.emplace();
  context.quoted_id = "Q";
  context.quoted_sender = "7@lid";
  context.mentions = {"1@s.whatsapp.net"};
  context.forwarded = context.ephemeral = context.view_once = Mark::kYes;
  context.forwarding_score = 3;
  context.expiration = 86'400;
  message.payload_key = "location";
  message.payload_json = "{}";
  message.edit_of = "E";
  message.revoke_of = "R";
  return message;
}

}  // namespace

TEST_CASE("every route is described, and everything described is a route, under the right lock") {
  std::set<std::string> routes;
  for (const auto& table : {worker_routes(), people_routes(), page_routes()}) {
    for (const auto& route : table) {
      routes.insert(lower(route.method) + " " + std::string{route.pattern});
      const auto& security = operation(route.method, std::string{route.pattern})["security"];
      CAPTURE(route.pattern);
      if (route.access == Access::kOpen) CHECK(security.empty());
      if (route.access == Access::kWorker) CHECK(security[0].contains("workerSecret"));
      if (route.access == Access::kPeople) CHECK(security[0].contains("apiKey"));
    }
  }
  CHECK(routes == operations_described());
}

TEST_CASE("the worker's client sends what is described: all that is required, nothing that is not there") {
  EdgeBench bench;
  bench.create("i1");
  make_every_call(bench);
  edge::Call call;
  call.fence = 99;
  (void)bench.await(bench.client->inbound(full_inbound(), call));
  std::set<std::string> called;
  for (const auto& request : bench.transport->requests) {
    check_request(request);
    called.insert(lower(request.method) + " " + DirectTransport::as_server_request(request).path);
  }
  for (const auto& route : worker_routes())
    CHECK_MESSAGE(called.contains(lower(route.method) + " " + std::string{route.pattern}), route.pattern);
}

TEST_CASE("the server's answers are as described") {
  EdgeBench bench;
  bench.create("i1");
  make_every_call(bench);
  (void)bench.await(bench.client->inbound(full_inbound(), {}));
  const auto ask = [&](const char* method, const std::string& pattern, const std::string& body = {}) {
    auto path = pattern;
    if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, "i1");
    check_reply(method, pattern, bench.ask(method, path, body));
  };
  ask("POST", "/v1/instances", R"({"id":"i2"})");
  ask("POST", "/v1/instances", R"({"id":"i2"})");
  ask("GET", "/v1/instances");
  ask("GET", "/v1/instances/{id}");
  ask("PATCH", "/v1/instances/{id}", R"({"name":"x"})");
  ask("POST", "/v1/instances/{id}/messages", R"({"to":"5511999999999","body":"x"})");
  ask("POST", "/v1/instances/{id}/messages", R"({"to":""})");
  ask("GET", "/v1/instances/{id}/messages");
  ask("GET", "/v1/instances/{id}/chats");
  ask("GET", "/v1/instances/{id}/events");

  const auto as_worker = [&](const char* method, const std::string& path, const std::string& query = {},
                             const std::string& body = {}) {
    check_reply(method, path, bench.as_worker(method, path + query, body));
  };
  as_worker("GET", "/worker-settings");
  as_worker("GET", "/eligible-instances");
  as_worker("GET", "/queued-messages", "?instanceId=i1");
  as_worker("GET", "/contacts/primary-jid", "?instanceId=i1&jid=7@lid");
  as_worker("GET", "/contacts/primary-jid", "?instanceId=i1&jid=8@lid");
  as_worker("POST", "/contacts/resolve", "",
            R"({"instanceId":"i1","jid":"1@s.whatsapp.net","jid_type":"pn"})");
  for (const char* owner : {"a", "b"})
    as_worker("POST", "/instance-lock/acquire", "",
              std::string{R"({"instanceId":"i1","ttl_ms":30000,"instance_owner":")"} + owner + "\"}");
  as_worker("POST", "/instance-lock/renew", "",
            R"({"instanceId":"i1","ttl_ms":30000,"instance_owner":"a","lock_token":"wrong"})");
  as_worker("POST", "/mark-sent", "", R"({"messageId":"nope"})");
  ask("DELETE", "/v1/instances/{id}");
}
