#include "simulator/phone/control_phone.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "proto/pairing.pb.h"
#include "simulator/phone/phone_desk.h"
#include "simulator/phone/plan_json.h"
#include "whatsapp/app_state/sync_action.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;

std::string text_in(const json& body, const char* name) { return body.value(name, std::string{}); }

app_state::MuteEnd mute_end_from(const json& body) {
  const std::int64_t until = body.value("until_ms", std::int64_t{-1});
  if (!body.value("on", true)) return app_state::NotMuted{};
  if (until < 0) return app_state::MutedForever{};
  return app_state::MutedUntil{until};
}

Result<app_state::MutationSet> mutations_from(const json& body, std::int64_t now_ms) {
  const std::string action = text_in(body, "action");
  const std::string jid = text_in(body, "jid");
  const bool on = body.value("on", true);
  if (action == "mute") return app_state::make(app_state::ChatMuted{jid, mute_end_from(body)}, now_ms);
  if (action == "pin") return app_state::make(app_state::ChatPinned{jid, on}, now_ms);
  if (action == "archive") return app_state::make(app_state::ChatArchived{jid, on}, std::nullopt, now_ms);
  if (action == "read") return app_state::make(app_state::ChatRead{jid, on}, std::nullopt, now_ms);
  if (action == "lock") return app_state::make(app_state::ChatLocked{jid, on}, now_ms);
  if (action == "contact")
    return app_state::make(app_state::Contact{.jid = jid,
                                              .full_name = text_in(body, "name"),
                                              .first_name = text_in(body, "first_name"),
                                              .username = {},
                                              .lid = text_in(body, "lid"),
                                              .pn = text_in(body, "pn")},
                           now_ms);
  if (action == "contact_removed") return app_state::make(app_state::ContactRemoved{jid});
  if (action == "push_name") return app_state::make(app_state::OwnPushName{text_in(body, "name")}, now_ms);
  if (action == "star")
    return app_state::make(
        app_state::MessageStarred{
            {jid, text_in(body, "id"), body.value("from_me", false), text_in(body, "participant")}, on},
        now_ms);
  if (action == "label")
    return app_state::make(
        app_state::LabelEdited{text_in(body, "id"), text_in(body, "name"), body.value("color", 0), !on},
        now_ms);
  if (action == "label_chat")
    return app_state::make(app_state::ChatLabeled{text_in(body, "id"), jid, on}, now_ms);
  return fail(ErrorCode::kInvalidArgument, "no such action");
}

/// One patch of the phone's: one action, or several of one collection.
Result<json> change(World& world, SimulatedPhone& phone, const json& body) {
  const std::int64_t now_ms = world.loop().clock().unix_millis();
  PhoneAppState& state = phone.desk().app_state();
  if (text_in(body, "action") == "remove_unknown") {
    WA_TRY(const std::uint64_t version,
           state.remove_nothing(app_state::Collection::kCriticalUnblockLow, text_in(body, "jid")));
    return json{{"version", version}};
  }
  app_state::MutationSet all;
  if (body.contains("actions")) {
    for (const json& action : body.at("actions")) {
      WA_TRY(app_state::MutationSet set, mutations_from(action, now_ms));
      all.collection = set.collection;
      all.mutations.insert(all.mutations.end(), set.mutations.begin(), set.mutations.end());
    }
  } else {
    WA_TRY(all, mutations_from(body, now_ms));
  }
  const auto place =
      body.value("external", false) ? PhoneAppState::Place::kExternal : PhoneAppState::Place::kInline;
  const auto mac = body.value("wrong_snapshot_mac", false) ? PhoneAppState::SnapshotMac::kWrong
                                                           : PhoneAppState::SnapshotMac::kRight;
  WA_TRY(const std::uint64_t version, state.change(all, place, mac));
  return json{{"version", version}, {"collection", app_state::to_string(all.collection)}};
}

/// Many contacts of the address book, in patches of fifty.
Result<json> fill_contacts(World& world, SimulatedPhone& phone, const json& body) {
  constexpr int kAtOnce = 50;
  const int count = body.value("count", 100);
  const std::int64_t now_ms = world.loop().clock().unix_millis();
  std::uint64_t version = 0;
  for (int i = 0; i < count; i += kAtOnce) {
    app_state::MutationSet set{app_state::Collection::kCriticalUnblockLow, {}};
    for (int k = i; k < std::min(i + kAtOnce, count); ++k) {
      const std::string digits = std::to_string(10'000'000 + k);
      app_state::Contact contact;
      contact.jid = "55990" + digits + "@s.whatsapp.net";
      contact.lid = "9990000" + digits + "@lid";
      contact.full_name = "Contact " + digits;
      const auto one = app_state::make(contact, now_ms);
      set.mutations.insert(set.mutations.end(), one.mutations.begin(), one.mutations.end());
    }
    WA_TRY(version, phone.desk().app_state().change(set));
  }
  return json{{"version", version}};
}

json value_json(const app_state::Mutation& mutation) {
  const app_state::ReadAction read = app_state::read_action(mutation);
  json value{{"timestamp_ms", read.timestamp_ms}};
  if (const auto* mute = std::get_if<app_state::ChatMuted>(&read.action)) {
    value["on"] = !std::holds_alternative<app_state::NotMuted>(mute->end);
    if (const auto* until = std::get_if<app_state::MutedUntil>(&mute->end)) value["until_ms"] = until->ms;
  } else if (const auto* pin = std::get_if<app_state::ChatPinned>(&read.action)) {
    value["on"] = pin->pinned;
  } else if (const auto* archive = std::get_if<app_state::ChatArchived>(&read.action)) {
    value["on"] = archive->archived;
  } else if (const auto* mark = std::get_if<app_state::ChatRead>(&read.action)) {
    value["on"] = mark->read;
  } else if (const auto* name = std::get_if<app_state::OwnPushName>(&read.action)) {
    value["name"] = name->name;
  } else if (const auto* contact = std::get_if<app_state::Contact>(&read.action)) {
    value["name"] = contact->full_name;
  } else if (const auto* star = std::get_if<app_state::MessageStarred>(&read.action)) {
    value["on"] = star->starred;
  }
  return value;
}

json to_json(const CompanionChange& change) {
  return {{"device", change.device},
          {"collection", app_state::to_string(change.collection)},
          {"version", change.version},
          {"operation", change.mutation.operation == app_state::Operation::kSet ? "set" : "remove"},
          {"index", change.mutation.index},
          {"action_version", change.mutation.version},
          {"value", value_json(change.mutation)}};
}

/// The companion named, or the only one.
Result<Device*> companion_in(SimulatedPhone& phone, const json& body) {
  Account& account = phone.account();
  if (body.contains("device")) {
    WA_TRY(const Jid jid, Jid::parse(text_in(body, "device")));
    Device* named = account.device(jid.device());
    if (named != nullptr && jid.device() != 0) return named;
  } else if (account.devices.size() == 2) {
    return account.devices.rbegin()->second.get();
  }
  return fail(ErrorCode::kNotFound, "no such companion of this phone");
}

}  // namespace

bool PhoneControl::handles(const std::vector<std::string>& path) {
  return path.size() == 4 && path[1] == "phones" && path[3] == "history";
}

runtime::Task<Result<json>> PhoneControl::answer(std::vector<std::string> path, json body) {
  SimulatedPhone* phone = world_.phone(path[2]);
  if (phone == nullptr) co_return fail(ErrorCode::kNotFound, "no such phone");
  const auto companion = companion_in(*phone, body);
  if (!companion) co_return fail(companion.error());
  const auto plan = history_plan_from(body);
  if (!plan) co_return fail(plan.error());
  const Jid jid = (*companion)->account.pn((*companion)->id);
  const HistoryScript script = phone->desk().script_for(*plan);
  const InlineOffer offer = PhoneDesk::offer_of(**companion);
  const whatsapp::media::MediaKey key{world_.random().bytes<32>()};
  MediaStore& store = world_.server().state().media;
  const auto make = [&] { return make_history_chunk(store, script, key, offer); };
  const auto chunk = co_await lane_.run(make);
  if (!chunk) co_return fail(chunk.error());
  Device* still_there = world_.server().directory().device(jid);
  if (still_there == nullptr) co_return fail(ErrorCode::kNotFound, "the companion is gone");
  auto ids = phone->desk().announce(*still_there, *chunk);
  if (!ids) co_return fail(ids.error());
  co_return json{{"ids", *ids},
                 {"inline", !chunk->inline_payload.empty()},
                 {"compressed_bytes", chunk->compressed_size},
                 {"direct_path", chunk->file.direct_path}};
}

std::optional<Result<json>> PhoneControl::command(World& world, SimulatedPhone& phone,
                                                  const std::string& verb, const json& body) {
  const auto share = [&]() -> Result<json> {
    WA_TRY(Device * companion, companion_in(phone, body));
    WA_TRY(std::string id, phone.desk().share_keys(*companion));
    return json{{"id", std::move(id)}};
  };
  const auto set_manners = [&]() -> Result<json> {
    WA_TRY(phone.desk().manners, manners_from(body, phone.desk().manners));
    return json::object();
  };
  const auto mark_dirty = [&]() -> Result<json> {
    WA_TRY(Device * companion, companion_in(phone, body));
    if (companion->session == nullptr) return fail(ErrorCode::kUnavailable, "the companion is not connected");
    companion->session->send(Node("ib")
                                 .with("from", Jid::service())
                                 .add(Node("dirty")
                                          .with("type", body.value("type", std::string{"syncd_app_state"}))
                                          .with("timestamp", world.server().state().now())));
    return json::object();
  };
  const auto tell_mappings = [&]() -> Result<json> {
    WA_TRY(Device * companion, companion_in(phone, body));
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;
    for (const json& pair : body.at("pairs"))
      pairs.emplace_back(pair.at("pn").get<std::uint64_t>(), pair.at("lid").get<std::uint64_t>());
    WA_TRY(std::string id, phone.desk().tell_mappings(*companion, pairs));
    return json{{"id", std::move(id)}};
  };
  if (verb == "lid-mappings") return tell_mappings();
  if (verb == "app-state") return change(world, phone, body);
  if (verb == "fill-contacts") return fill_contacts(world, phone, body);
  if (verb == "share-keys") return share();
  if (verb == "manners") return set_manners();
  if (verb == "dirty") return mark_dirty();
  if (verb == "rotate-key") {
    phone.desk().app_state().rotate_key();
    return json::object();
  }
  return std::nullopt;
}

Result<json> PhoneControl::post(World& world, const std::vector<std::string>& path, const json& body) {
  CollectionDesk& desk = world.server().collections();
  if (path.size() == 3 && path[2] == "page") {
    desk.set_page(body.value("patches", std::size_t{1000}));
    return json::object();
  }
  if (path.size() == 3 && path[2] == "fault") {
    CollectionFault fault;
    const auto kind = collection_fault_kind(text_in(body, "kind"));
    if (!kind) return fail(ErrorCode::kInvalidArgument, "no such fault of app state");
    fault.kind = *kind;
    fault.collection = text_in(body, "collection");
    fault.count = body.value("count", fault.count);
    fault.code = body.value("code", fault.code);
    desk.arm(fault);
    return json::object();
  }
  return fail(ErrorCode::kNotFound, "no such request");
}

bool PhoneControl::visit(const SimulatedPhone& phone, const std::string& list, const Visit& visit) {
  if (list == "app-state-changes") {
    for (const CompanionChange& change : phone.desk().app_state().changes())
      visit([&] { return to_json(change); });
    return true;
  }
  if (list == "requests") {
    for (const CompanionRequest& request : phone.desk().requests()) {
      visit([&] {
        return json{{"id", request.id},
                    {"device", request.device},
                    {"what", request.what},
                    {"detail", request.detail}};
      });
    }
    return true;
  }
  return false;
}

Result<json> PhoneControl::device_props(const World& world, const std::string& text) {
  WA_TRY(const Jid jid, Jid::parse(text));
  const Device* device = world.server().state().directory.device(jid);
  whatsapp::proto::DeviceProps props;
  if (device == nullptr || !device->noise || !props.ParseFromString(device->props))
    return fail(ErrorCode::kNotFound, "no such client");
  const auto& history = props.history_sync_config();
  return json{{"os", props.os()},
              {"platform", props.platform_type()},
              {"require_full_sync", props.require_full_sync()},
              {"inline_bootstrap", history.inline_initial_payload_in_e2ee_msg()},
              {"storage_quota_mb", history.storage_quota_mb()},
              {"recent_sync_days_limit", history.recent_sync_days_limit()},
              {"full_sync_days_limit", history.full_sync_days_limit()},
              {"initial_sync_max_messages_per_chat", history.initial_sync_max_messages_per_chat()}};
}

json PhoneControl::collections(World& world, const SimulatedPhone& phone) {
  json all = json::object();
  for (const app_state::Collection name : app_state::kCollections) {
    const StoredCollection& stored = world.server().collections().collection(phone.account(), name);
    all[std::string{app_state::to_string(name)}] = {{"version", stored.state.version},
                                                    {"records", stored.records.size()},
                                                    {"patches", stored.patches.size()},
                                                    {"hash", base::to_hex(stored.state.hash.bytes())}};
  }
  return all;
}

}  // namespace simulator
