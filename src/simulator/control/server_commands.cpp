#include "simulator/control/server_commands.h"

#include <nlohmann/json.hpp>

#include "runtime/json.h"
#include "simulator/control/stanza_json.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

std::string text_of(const json& body, const char* name) { return body.value(name, std::string{}); }

Result<Account*> account_of(World& world, const std::string& text) {
  WA_TRY(const Jid jid, Jid::parse(text));
  Account* account = world.server().directory().account(jid);
  if (account == nullptr) return fail(ErrorCode::kNotFound, "no such account: " + text);
  return account;
}

/// A device JID with ":device" means that one; without, every companion of the account.
Result<std::vector<Device*>> devices_of(World& world, const std::string& text) {
  WA_TRY(const Jid jid, Jid::parse(text));
  WA_TRY(const Account* account, account_of(world, text));
  std::vector<Device*> devices;
  for (const auto& [id, device] : account->devices) {
    if (jid.device() == id || (jid.device() == 0 && id != 0)) devices.push_back(device.get());
  }
  return devices;
}

bool is_queued(const Node& stanza) {
  const std::string& tag = stanza.tag();
  return tag == "message" || tag == "notification" || tag == "receipt" || tag == "call";
}

/// {to, stanza}: queued like any other if it is to be acked, else only to who is connected.
Result<json> push(World& world, const json& body) {
  WA_TRY(const std::vector<Device*> devices, devices_of(world, text_of(body, "to")));
  WA_TRY(Node stanza, stanza_from(body.value("stanza", json::object())));
  ServerState& state = world.server().state();
  for (Device* device : devices) {
    Node copy = stanza;
    if (is_queued(copy)) {
      if (!copy.has_attr("id") && !body.value("no_id", false)) copy.set("id", state.next_id());
      if (!copy.has_attr("t")) copy.set("t", std::to_string(state.now()));
      world.server().delivery().deliver(*device, std::move(copy));
    } else if (device->session != nullptr) {
      device->session->send(copy);
    }
  }
  return json{{"devices", devices.size()}};
}

/// {to, types: [..], parts?: [..]}: now, and at every login until the client has cleaned it.
Result<json> dirty(World& world, const json& body) {
  WA_TRY(const std::vector<Device*> devices, devices_of(world, text_of(body, "to")));
  const std::int64_t now = world.server().state().now();
  for (Device* device : devices) {
    for (const json& type : body.value("types", json::array())) {
      const auto name = type.get<std::string>();
      device->dirty[name] = now;
      if (device->session == nullptr) continue;
      Node mark = Node("dirty").with("type", name).with("timestamp", now);
      for (const json& part : body.value("parts", json::array()))
        mark.add_child(Node(part.get<std::string>()));
      device->session->send(Node("ib").with("from", Jid::service()).add(std::move(mark)));
    }
  }
  return json::object();
}

/// {to, active?, seconds?, type?}: may (not) write to new contacts.
Result<json> timelock(World& world, const json& body) {
  WA_TRY(const Account* account, account_of(world, text_of(body, "to")));
  const bool active = body.value("active", true);
  const std::int64_t ends = world.server().state().now() + body.value("seconds", std::int64_t{3600});
  push_mex(
      world, *account, "NotificationUserReachoutTimelockUpdate",
      {{"xwa2_notify_account_reachout_timelock",
        {{"is_active", active},
         {"time_enforcement_ends", active ? std::to_string(ends) : "0"},
         {"enforcement_type", body.value("type", std::string{active ? "WEB_COMPANION_ONLY" : "DEFAULT"})}}}});
  return json{{"ends", ends}};
}

/// {to, status, total?, used?, seconds?}
Result<json> capping(World& world, const json& body) {
  WA_TRY(const Account* account, account_of(world, text_of(body, "to")));
  const std::int64_t now = world.server().state().now();
  push_mex(world, *account, "MessageCappingInfoNotification",
           {{"xwa2_notify_new_chat_messages_capping_info_update",
             {{"capping_status", body.value("status", std::string{"CAPPED"})},
              {"total_quota", body.value("total", 10)},
              {"used_quota", body.value("used", 10)},
              {"cycle_start_timestamp", std::to_string(now)},
              {"cycle_end_timestamp", std::to_string(now + body.value("seconds", 3600))}}}});
  return json::object();
}

/// {strangers?, group_addressing?}
Result<json> policy(World& world, const json& body) {
  Settings& settings = world.server().state().settings;
  if (body.contains("strangers")) {
    const auto word = text_of(body, "strangers");
    if (word == "welcome") {
      settings.strangers = Strangers::kWelcome;
    } else if (word == "need_token") {
      settings.strangers = Strangers::kNeedToken;
    } else if (word == "capped") {
      settings.strangers = Strangers::kCapped;
    } else {
      return fail(ErrorCode::kInvalidArgument, "strangers are welcome, need_token or capped");
    }
  }
  if (body.contains("group_addressing"))
    settings.group_addressing =
        text_of(body, "group_addressing") == "pn" ? Addressing::kPn : Addressing::kLid;
  return json::object();
}

/// {from, to}: `from` gives `to` a trusted-contact token.
Result<json> token(World& world, const json& body) {
  WA_TRY(Account * issuer, account_of(world, text_of(body, "from")));
  WA_TRY(Account * holder, account_of(world, text_of(body, "to")));
  world.server().tokens().issue(*issuer, *holder);
  return json::object();
}

/// {limit}: how many of the stanzas that the client says are kept; 0 ends it.
Result<json> record(World& world, const std::string& jid, const json& body) {
  WA_TRY(const std::vector<Device*> devices, devices_of(world, jid));
  for (Device* device : devices) {
    device->said.limit = body.value("limit", std::size_t{1000});
    device->said.stanzas.clear();
  }
  return json::object();
}

/// {owner, name, description?, followers?: [jid]}
Result<json> channel(World& world, const json& body) {
  WA_TRY(Account * owner, account_of(world, text_of(body, "owner")));
  Channel& made = world.server().channels().create(*owner, body.value("name", std::string{"channel"}),
                                                   text_of(body, "description"));
  for (const json& text : body.value("followers", json::array())) {
    WA_TRY(Account * follower, account_of(world, text.get<std::string>()));
    made.followers.insert(follower);
  }
  return json{{"jid", made.jid.to_string()}, {"invite", made.invite}};
}

}  // namespace

void push_mex(World& world, const Account& account, std::string_view operation, const json& data) {
  ServerState& state = world.server().state();
  const std::string content = runtime::to_text(json{{"data", data}});
  for (const auto& [id, device] : account.devices) {
    world.server().delivery().deliver(*device,
                                      Node("notification")
                                          .with("id", state.next_id())
                                          .with("type", "mex")
                                          .with("from", Jid::service())
                                          .with("t", state.now())
                                          .add(Node("update").with("op_name", operation).text(content)));
  }
}

std::optional<Result<json>> post_server_command(World& world, const std::vector<std::string>& path,
                                                const json& body) {
  const auto done = [&](Result<json> result) {
    world.changed();
    return result;
  };
  if (path.size() == 4 && path[1] == "devices" && path[3] == "record")
    return done(record(world, path[2], body));
  if (path.size() != 2) return std::nullopt;
  if (path[1] == "push") return done(push(world, body));
  if (path[1] == "dirty") return done(dirty(world, body));
  if (path[1] == "timelock") return done(timelock(world, body));
  if (path[1] == "capping") return done(capping(world, body));
  if (path[1] == "policy") return done(policy(world, body));
  if (path[1] == "channels") return done(channel(world, body));
  if (path[1] == "token") return done(token(world, body));
  return std::nullopt;
}

}  // namespace simulator
