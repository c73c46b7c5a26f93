#include "simulator/control_api.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "runtime/json.h"
#include "simulator/control/group_requests.h"
#include "simulator/control/person_commands.h"
#include "simulator/control/server_commands.h"
#include "simulator/control/stanza_json.h"
#include "simulator/control_json.h"
#include "simulator/virtual_device.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;
using runtime::HttpResponse;
using runtime::ServerRequest;

HttpResponse reply(int status, const json& body) {
  return {status, {{"Content-Type", "application/json"}}, runtime::to_text(body)};
}

HttpResponse refuse(const base::Error& error) {
  int status = 400;
  if (error.code == ErrorCode::kNotFound) status = 404;
  if (error.code == ErrorCode::kConflict) status = 409;
  if (error.code == ErrorCode::kTimeout) status = 408;
  if (error.code == ErrorCode::kUnavailable) status = 503;
  json body{{"error", error.message}, {"code", base::to_string(error.code)}};
  if (error.code == ErrorCode::kRejected) body["iq_error"] = error.detail;
  return reply(status, body);
}

HttpResponse reply(const Result<json>& result) {
  return result ? reply(200, *result) : refuse(result.error());
}

std::vector<std::string> segments(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return parts;
}

std::int64_t number_in(const ServerRequest& request, const std::string& name, std::int64_t fallback) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return fallback;
  char* end = nullptr;
  const long long value = std::strtoll(found->second.c_str(), &end, 10);
  return end == found->second.c_str() ? fallback : value;
}

/// What a GET lists, visited entry by entry: a wait only counts them, the answer writes them down.
using Visit = std::function<void(const std::function<json()>& entry)>;

std::string_view filter(const ServerRequest& request, const char* name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string_view{} : std::string_view{found->second};
}

/// `?id=`, `?text=`, `?chat=`, `?kind=` limit to one message id, one text, one chat, one kind.
void visit_received(const Person& person, const ServerRequest& request, const Visit& visit) {
  const std::string_view id = filter(request, "id");
  const std::string_view text = filter(request, "text");
  const std::string_view chat = filter(request, "chat");
  const std::string_view kind = filter(request, "kind");
  for (const ReceivedMessage& message : person.received()) {
    if (!id.empty() && message.id != id) continue;
    if (!text.empty() && message.text != text) continue;
    if (!chat.empty() && message.chat != chat) continue;
    if (!kind.empty() && message.kind != kind) continue;
    visit([&] { return to_json(message); });
  }
}

/// `?tag=`, `?type=` and `?xmlns=` limit to stanzas of one sort.
bool is_wanted(const Node& stanza, const ServerRequest& request) {
  const std::string_view tag = filter(request, "tag");
  const std::string_view type = filter(request, "type");
  const std::string_view xmlns = filter(request, "xmlns");
  return (tag.empty() || stanza.tag() == tag) && (type.empty() || stanza.attr_is("type", type)) &&
         (xmlns.empty() || stanza.attr_is("xmlns", xmlns));
}

void visit_stanzas(const std::deque<SeenStanza>& stanzas, const ServerRequest& request, const Visit& visit) {
  for (const SeenStanza& seen : stanzas) {
    if (!is_wanted(seen.stanza, request)) continue;
    visit([&] {
      json value = to_json(seen.stanza);
      value["device"] = seen.device;
      return value;
    });
  }
}

void visit_stanzas(const std::deque<Node>& stanzas, const ServerRequest& request, const Visit& visit) {
  for (const Node& stanza : stanzas) {
    if (is_wanted(stanza, request)) visit([&] { return to_json(stanza); });
  }
}

/// `?account=` limits to the devices of one number, `?active` to those that have asked for their queue.
void visit_devices(const World& world, const ServerRequest& request, const Visit& visit) {
  const std::string_view account = filter(request, "account");
  const bool only_active = request.query.contains("active");
  world.for_each_companion([&](const Device& device) {
    if (!account.empty() && device.account.pn_user != account) return;
    const DeviceStatus status = World::status_of(device);
    if (only_active && status.link != DeviceStatus::Link::kActive) return;
    visit([&] { return to_json(status); });
  });
}

/// Texts "<text> 0" to "<text> count-1", all at once.
Result<json> send_many(Person& person, const json& body, int device) {
  constexpr int kMaxAtOnce = 10'000;
  const int count = body.value("count", 0);
  if (count < 1 || count > kMaxAtOnce) return fail(ErrorCode::kInvalidArgument, "count is 1 to 10000");
  json ids = json::array();
  for (int i = 0; i < count; ++i) {
    const std::string text = body.value("text", std::string{}) + ' ' + std::to_string(i);
    WA_TRY(std::string id, person.send_text(body.value("to", std::string{}), text, device));
    ids.push_back(std::move(id));
  }
  return json{{"ids", std::move(ids)}};
}

Result<json> command(World& world, Person& person, const std::string& verb, const json& body) {
  const auto text_of = [&](const char* name) { return body.value(name, std::string{}); };
  if (verb == "send") {
    const int device = body.value("device", 0);
    if (body.contains("count")) return send_many(person, body, device);
    WA_TRY(const std::string id, person.send_text_as(text_of("id"), text_of("to"), text_of("text"), device));
    return json{{"id", id}};
  }
  if (verb == "send-raw") {
    WA_TRY(const base::Bytes message, base::from_base64(text_of("message")));
    const StanzaMarks marks{.type = body.value("type", std::string{"text"}),
                            .media_type = text_of("media_type"),
                            .edit = text_of("edit")};
    WA_TRY(std::string id,
           person.send_message(text_of("id"), text_of("to"), message, marks, body.value("device", 0)));
    return json{{"id", std::move(id)}};
  }
  if (verb == "read") {
    person.read_chat(text_of("chat"));
  } else if (verb == "ask-retry") {
    person.ask_retry(body.value("count", 1));
  } else if (verb == "corrupt-next") {
    person.corrupt_next(body.value("count", 1));
  } else if (verb == "reinstall") {
    person.reinstall();
  } else if (verb == "offline") {
    person.go_offline();
  } else if (verb == "online") {
    person.go_online();
  } else if (verb == "receipts") {
    WA_TRY(const Receipts receipts, receipts_from(text_of("mode")));
    person.set_receipts(receipts);
  } else {
    return person_command(world, person, verb, body);
  }
  world.changed();
  return json::object();
}

Result<json> phone_command(World& world, SimulatedPhone& phone, const std::string& verb, const json& body) {
  if (verb == "scan") {
    WA_TRY(const LinkFault fault, link_fault_from(body.value("fault", std::string{})));
    WA_TRY_VOID(phone.scan(body.value("qr", std::string{}), fault));
    return json::object();
  }
  if (verb == "code") {
    WA_TRY(const CodeFault fault, code_fault_from(body.value("fault", std::string{})));
    WA_TRY_VOID(phone.enter_code(body.value("code", std::string{}), fault));
    return json::object();
  }
  if (verb == "refresh-code") {
    const auto refresh =
        body.value("manual", false) ? LinkDesk::Refresh::kManual : LinkDesk::Refresh::kAutomatic;
    WA_TRY_VOID(world.server().linking().refresh_code(phone.account(), refresh));
    return json::object();
  }
  if (verb == "passkey-code") return json{{"code", world.server().linking().passkey_code(phone.account())}};
  if (verb == "remove-device") {
    WA_TRY_VOID(phone.remove_companion(body.value("jid", std::string{})));
    return json::object();
  }
  if (auto done = PhoneControl::command(world, phone, verb, body)) return *std::move(done);
  return command(world, phone, verb, body);
}

Result<json> contact_command(World& world, SimulatedContact& contact, const std::string& verb,
                             const json& body) {
  if (verb == "reply") {
    contact.set_reply(body.value("echo", false) ? Reply::kEcho : Reply::kNone);
    return json::object();
  }
  return command(world, contact, verb, body);
}

Result<json> post(World& world, const std::vector<std::string>& path, const json& body) {
  const std::size_t depth = path.size();
  if (path[1] == "phones" && depth == 2) {
    WA_TRY(const SimulatedPhone* phone, world.create_phone(person_options_from(body)));
    return to_json(*phone);
  }
  if (path[1] == "contacts" && depth == 2) {
    WA_TRY(const ContactOptions options, contact_options_from(body));
    WA_TRY(const SimulatedContact* contact, world.create_contact(options));
    return to_json(*contact);
  }
  if (path[1] == "phones" && depth == 4) {
    if (SimulatedPhone* phone = world.phone(path[2])) return phone_command(world, *phone, path[3], body);
  }
  if (path[1] == "contacts" && depth == 4) {
    if (SimulatedContact* contact = world.contact(path[2]))
      return contact_command(world, *contact, path[3], body);
  }
  if (path[1] == "groups") return post_group(world, path, body);
  if (auto done = post_server_command(world, path, body)) return *std::move(done);
  if (path[1] == "devices" && depth == 4 && path[3] == "fault") {
    WA_TRY(const Fault fault, fault_from(body));
    WA_TRY_VOID(world.inject(path[2], fault));
    return json::object();
  }
  if (path[1] == "app-state") return PhoneControl::post(world, path, body);
  if (path[1] == "media") return MediaControl::post(world, path, body);
  if (path[1] == "pairing") {
    ServerState& state = world.server().state();
    state.settings.pairing = pairing_from(body, state.settings.pairing);
    if (body.value("expire", false)) world.server().linking().expire_refs();
    if (body.contains("refresh"))
      world.server().linking().refresh_registrations(body.at("refresh") == "qr"
                                                         ? LinkDesk::RegistrationRefresh::kQr
                                                         : LinkDesk::RegistrationRefresh::kSecret);
    return json::object();
  }
  return fail(ErrorCode::kNotFound, "no such request");
}

/// kNotFound when the path names no list.
Result<void> visit_list(const World& world, const std::vector<std::string>& path,
                        const ServerRequest& request, const Visit& visit) {
  const std::size_t depth = path.size();
  if (path[1] == "devices" && depth == 2) {
    visit_devices(world, request, visit);
    return {};
  }
  if (path[1] == "groups" && depth == 2) {
    world.server().state().directory.for_each_group(
        [&](const Group& group) { visit([&] { return to_json(group); }); });
    return {};
  }
  if (path[1] == "devices" && depth == 4 && path[3] == "stanzas") {
    WA_TRY(const Jid jid, Jid::parse(path[2]));
    const Device* device = world.server().state().directory.device(jid);
    if (device == nullptr) return fail(ErrorCode::kNotFound, "no such device");
    visit_stanzas(device->said.stanzas, request, visit);
    return {};
  }
  if (path[1] == "violations" && depth == 2) {
    for (const Violation& violation : world.server().state().violations)
      visit([&] { return to_json(violation); });
    return {};
  }
  if (path[1] == "media" && depth == 3 && path[2] == "objects") {
    MediaControl::visit_objects(world, visit);
    return {};
  }
  if (depth != 4 || (path[1] != "phones" && path[1] != "contacts"))
    return fail(ErrorCode::kNotFound, "no such request");
  const Person* person = path[1] == "phones" ? static_cast<const Person*>(world.phone(path[2]))
                                             : static_cast<const Person*>(world.contact(path[2]));
  if (person == nullptr) return fail(ErrorCode::kNotFound, "no such person");
  if (path[3] == "received") {
    visit_received(*person, request, visit);
  } else if (path[3] == "stanzas") {
    visit_stanzas(person->seen(), request, visit);
  } else if (const SimulatedPhone* phone = world.phone(path[2]);
             phone == person && phone != nullptr && PhoneControl::visit(*phone, path[3], visit)) {
    return {};
  } else if (path[3] == "receipts") {
    for (const std::string& type : person->receipts_for(filter(request, "id")))
      visit([&] { return json(type); });
  } else {
    return fail(ErrorCode::kNotFound, "no such request");
  }
  return {};
}

Result<std::size_t> length_of_list(const World& world, const std::vector<std::string>& path,
                                   const ServerRequest& request) {
  std::size_t length = 0;
  WA_TRY_VOID(visit_list(world, path, request, [&](const auto&) { ++length; }));
  return length;
}

Result<json> list_of(const World& world, const std::vector<std::string>& path, const ServerRequest& request) {
  json list = json::array();
  WA_TRY_VOID(visit_list(world, path, request, [&](const auto& entry) { list.push_back(entry()); }));
  return list;
}

Result<json> get(const World& world, const std::vector<std::string>& path) {
  const std::size_t depth = path.size();
  if (path[1] == "stats") return stats_json(world);
  if (path[1] == "media" && depth == 2) return MediaControl::state(world);
  if (path[1] == "devices" && depth == 4 && path[3] == "props")
    return PhoneControl::device_props(world, path[2]);
  if (path[1] == "groups" && depth == 3) return show_group(world, path[2]);
  if (path[1] == "devices" && depth == 3) {
    WA_TRY(const DeviceStatus status, world.status(path[2]));
    return to_json(status);
  }
  if (path[1] == "phones" && depth == 3) {
    if (const SimulatedPhone* phone = world.phone(path[2])) return to_json(*phone);
  }
  if (path[1] == "contacts" && depth == 3) {
    if (const SimulatedContact* contact = world.contact(path[2])) return to_json(*contact);
  }
  return fail(ErrorCode::kNotFound, "no such request");
}

/// `?min=N&wait_ms=M`: answers when the list has N entries, or with what there is after M milliseconds.
runtime::Task<HttpResponse> wait_for_list(World& world, std::vector<std::string> path,
                                          ServerRequest request) {
  const auto minimum = static_cast<std::size_t>(std::max<std::int64_t>(number_in(request, "min", 0), 0));
  const base::Duration patience{std::min<std::int64_t>(number_in(request, "wait_ms", 0), 600'000)};
  if (patience.count() > 0) {
    std::function<bool()> enough = [&] {
      const auto length = length_of_list(world, path, request);
      return !length || *length >= minimum;
    };
    const auto met = co_await world.wait_until(std::move(enough), patience);
    if (!met && met.error().code == ErrorCode::kCancelled) co_return refuse(met.error());
  }
  co_return reply(list_of(world, path, request));
}

}  // namespace

runtime::Task<HttpResponse> ControlApi::answer(ServerRequest request) {
  std::vector<std::string> path = segments(request.path);
  if (path.size() < 2 || path[0] != "control") {
    const bool refused_upgrade = request.path == "/ws/chat";
    co_return reply(refused_upgrade ? 503 : 404, {{"error", "see /control/info"}});
  }
  if (request.method == "GET") {
    if (path[1] == "info") {
      const ServerAddress address = address_();
      co_return reply(200, {{"url", address.url},
                            {"noise_root", address.noise_root},
                            {"seed", address.seed},
                            {"media_ca", address.media_authority},
                            {"media_hosts", world_.server().state().media.hosts()}});
    }
    if (MediaControl::handles(path)) {
      json nothing = json::object();
      const Result<json> file =
          co_await media_.answer(std::move(path), std::move(request), std::move(nothing));
      co_return reply(file);
    }
    if (path.size() == 4 && path[1] == "phones" && path[3] == "app-state") {
      const SimulatedPhone* phone = world_.phone(path[2]);
      if (phone != nullptr) co_return reply(200, PhoneControl::collections(world_, *phone));
    }
    if (list_of(world_, path, request))
      co_return co_await wait_for_list(world_, std::move(path), std::move(request));
    co_return reply(get(world_, path));
  }
  if (request.method != "POST") co_return reply(405, {{"error", "GET or POST"}});
  json body = json::object();
  if (!request.body.empty()) {
    auto parsed = runtime::parse_json(request.body);
    if (!parsed) co_return refuse(parsed.error());
    if (!parsed->is_object()) co_return reply(400, {{"error", "the body must be an object"}});
    body = *std::move(parsed);
  }
  try {
    if (MediaControl::handles(path)) {
      const Result<json> sent = co_await media_.answer(std::move(path), std::move(request), std::move(body));
      co_return reply(sent);
    }
    if (PhoneControl::handles(path)) {
      const Result<json> sent = co_await phones_.answer(std::move(path), std::move(body));
      co_return reply(sent);
    }
    co_return reply(post(world_, path, body));
  } catch (const json::exception& wrong_type) {
    co_return reply(400, {{"error", wrong_type.what()}});
  }
}

}  // namespace simulator
