#include "simulator/control/person_commands.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/encoding.h"
#include "proto/message.pb.h"
#include "simulator/control/server_commands.h"
#include "simulator/control/stanza_json.h"
#include "whatsapp/message/content_builder.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;
using whatsapp::binary::Node;

std::string text_of(const json& body, const char* name) { return body.value(name, std::string{}); }

OutgoingMessage envelope(const json& body) {
  OutgoingMessage message;
  message.to = text_of(body, "to");
  message.id = text_of(body, "id");
  message.device = body.value("device", 0);
  message.type = text_of(body, "type");
  message.edit = text_of(body, "edit");
  message.media_type = text_of(body, "media_type");
  for (const json& reader : body.value("audience", json::array()))
    message.audience.push_back(reader.get<std::string>());
  return message;
}

Result<json> sent(Person& person, OutgoingMessage message, const whatsapp::proto::Message& content) {
  message.content = base::to_bytes(base::as_bytes(content.SerializeAsString()));
  WA_TRY(const std::string id, person.send(message));
  return json{{"id", id}};
}

/// {to, message: base64 of a serialised Message, …}
Result<json> send_any(World&, Person& person, const json& body) {
  OutgoingMessage message = envelope(body);
  WA_TRY(message.content, base::from_base64(text_of(body, "message")));
  WA_TRY(const std::string id, person.send(message));
  return json{{"id", id}};
}

/// {text, audience?}
Result<json> post_status(World&, Person& person, const json& body) {
  OutgoingMessage message = envelope(body);
  message.to = "status@broadcast";
  whatsapp::proto::Message content;
  content.mutable_extended_text_message()->set_text(text_of(body, "text"));
  return sent(person, std::move(message), content);
}

/// The message that is meant: {target, from_me?, participant?} in chat `to`.
void name_target(whatsapp::proto::MessageKey& key, const json& body) {
  key.set_remote_jid(text_of(body, "to"));
  key.set_from_me(body.value("from_me", false));
  key.set_id(text_of(body, "target"));
  if (const auto participant = text_of(body, "participant"); !participant.empty())
    key.set_participant(participant);
}

Result<json> react(World& world, Person& person, const json& body) {
  OutgoingMessage message = envelope(body);
  whatsapp::proto::Message content;
  auto* reaction = content.mutable_reaction_message();
  name_target(*reaction->mutable_key(), body);
  reaction->set_text(text_of(body, "emoji"));
  reaction->set_sender_timestamp_ms(world.loop().clock().unix_millis());
  return sent(person, std::move(message), content);
}

Result<json> edit(World& world, Person& person, const json& body) {
  OutgoingMessage message = envelope(body);
  whatsapp::proto::Message content;
  auto* protocol = content.mutable_protocol_message();
  json own = body;
  own["from_me"] = true;
  name_target(*protocol->mutable_key(), own);
  protocol->set_type(whatsapp::proto::ProtocolMessage::MESSAGE_EDIT);
  protocol->set_timestamp_ms(world.loop().clock().unix_millis());
  protocol->mutable_edited_message()->set_conversation(text_of(body, "text"));
  return sent(person, std::move(message), content);
}

/// Of an own message; of somebody else's (`from_me: false`, `participant`) as an admin.
Result<json> revoke(World&, Person& person, const json& body) {
  OutgoingMessage message = envelope(body);
  whatsapp::proto::Message content;
  auto* protocol = content.mutable_protocol_message();
  json named = body;
  named["from_me"] = body.value("from_me", true);
  name_target(*protocol->mutable_key(), named);
  protocol->set_type(whatsapp::proto::ProtocolMessage::REVOKE);
  if (message.edit.empty()) message.edit = named.value("from_me", true) ? "7" : "8";
  return sent(person, std::move(message), content);
}

Result<json> say(World&, Person& person, const json& body) {
  WA_TRY(Node stanza, stanza_from(body.value("stanza", json::object())));
  WA_TRY_VOID(person.send_stanza(std::move(stanza), body.value("device", 0)));
  return json::object();
}

/// {to?, xmlns, type, content: [stanza]}: what the server answers to it.
Result<json> ask(World& world, Person& person, const json& body) {
  json written{{"tag", "iq"},
               {"attrs",
                {{"to", body.value("to", std::string{"@s.whatsapp.net"})},
                 {"xmlns", text_of(body, "xmlns")},
                 {"type", body.value("type", std::string{"get"})}}},
               {"content", body.value("content", json::array())}};
  WA_TRY(const Node iq, stanza_from(written));
  Device* device = person.account().device(static_cast<std::uint16_t>(body.value("device", 0)));
  if (device == nullptr) return fail(ErrorCode::kNotFound, "the person has no such device");
  WA_TRY(const Node::Children answer, world.server().iqs().ask(*device, iq));
  return json{{"answer", to_json(answer)}};
}

Jid jid_of(const json& body, const char* name) { return Jid::parse(text_of(body, name)).value_or(Jid{}); }

/// {type: available | unavailable} of oneself, {type: subscribe | unsubscribe, to} of somebody else.
Result<json> presence(World&, Person& person, const json& body) {
  Node stanza = Node("presence").with("type", body.value("type", std::string{"available"}));
  if (body.contains("to")) stanza.set("to", jid_of(body, "to"));
  WA_TRY_VOID(person.send_stanza(std::move(stanza), body.value("device", 0)));
  return json::object();
}

/// {to, state: composing | recording | paused}
Result<json> typing(World&, Person& person, const json& body) {
  const auto state = body.value("state", std::string{"composing"});
  Node child(state == "paused" ? "paused" : "composing");
  if (state == "recording") child.set("media", std::string{"audio"});
  WA_TRY_VOID(person.send_stanza(Node("chatstate").with("to", jid_of(body, "to")).add(std::move(child)),
                                 body.value("device", 0)));
  return json::object();
}

/// {to, signal: offer | accept | reject | terminate, call_id?, video?, creator?, reason?}: one stanza of a
/// call.
Result<json> call(World& world, Person& person, const json& body) {
  ServerState& state = world.server().state();
  const Jid to = jid_of(body, "to");
  const auto signal = body.value("signal", std::string{"offer"});
  const auto call_id = body.value("call_id", "CALL" + state.next_id());
  const bool lid = to.is_lid();
  const std::string own = lid ? person.lid() : person.pn();
  Node child = Node(signal)
                   .with("call-id", call_id)
                   .with("call-creator", Jid::parse(body.value("creator", own)).value_or(Jid{}));
  if (signal == "offer") child.add_child(Node("audio").with("enc", "opus").with("rate", 16'000));
  if (signal == "offer" && body.value("video", false)) child.add_child(Node("video"));
  if (body.contains("reason")) child.set("reason", text_of(body, "reason"));
  if (body.contains("group")) child.set("group-jid", jid_of(body, "group"));
  Node stanza = Node("call").with("to", to).with("id", state.next_id());
  if (body.contains("age")) stanza.set("t", std::to_string(state.now() - body.at("age").get<std::int64_t>()));
  WA_TRY_VOID(person.send_stanza(std::move(stanza).add(std::move(child)), body.value("device", 0)));
  return json{{"call_id", call_id}};
}

/// {about?, business?, picture?: base64, privacy?: {name: value}}: what the person shows and allows.
Result<json> profile(World& world, Person& person, const json& body) {
  Account& account = person.account();
  ServerCore& server = world.server();
  if (body.contains("about")) server.profiles().set_about(account, text_of(body, "about"));
  if (body.contains("business")) account.profile.business_name = text_of(body, "business").substr(0, 100);
  const json settings = body.value("privacy", json::object());
  for (const auto& [name, value] : settings.items()) account.privacy[name] = value.get<std::string>();
  if (body.contains("picture")) {
    WA_TRY(base::Bytes picture, base::from_base64(text_of(body, "picture")));
    const Node iq = Node("iq").with("type", "set").add(Node("picture").bytes(std::move(picture)));
    WA_TRY_VOID(server.profiles().picture(*account.device(0), iq));
  }
  return json::object();
}

/// {jid, on?}
Result<json> block(World& world, Person& person, const json& body) {
  const Node item = Node("item")
                        .with("jid", jid_of(body, "jid"))
                        .with("action", body.value("on", true) ? "block" : "unblock");
  WA_TRY_VOID(world.server().profiles().blocklist(*person.account().device(0), Node("iq").add(item)));
  return json::object();
}

/// {state: known | hidden}: whether others are told of the person's LID.
Result<json> lid_state(World&, Person& person, const json& body) {
  const bool hidden = body.value("state", std::string{"known"}) == "hidden";
  person.account().lid_state = hidden ? Account::LidState::kHidden : Account::LidState::kKnown;
  return json::object();
}

/// A new LID; acquaintances hear of it.
Result<json> change_lid(World& world, Person& person, const json&) {
  Account& account = person.account();
  const std::string before = person.lid();
  world.server().directory().change_lid(account);
  for (const Account* acquaintance : account.acquaintances)
    push_mex(world, *acquaintance, "LidChangeNotification",
             {{"xwa2_notify_lid_change", {{"old", before}, {"new", person.lid()}}}});
  return json{{"lid", person.lid()}};
}

Result<json> add_device(World& world, Person& person, const json&) {
  WA_TRY(const std::string jid, person.link_device());
  world.changed();
  return json{{"jid", jid}};
}

Result<json> drop_device(World&, Person& person, const json& body) {
  WA_TRY_VOID(person.unlink_device(body.value("device", 1)));
  return json::object();
}

using Command = Result<json> (*)(World& world, Person& person, const json& body);

}  // namespace

Result<json> person_command(World& world, Person& person, const std::string& verb, const json& body) {
  static const std::unordered_map<std::string_view, Command> commands{
      {"message", send_any},
      {"status", post_status},
      {"react", react},
      {"edit", edit},
      {"revoke", revoke},
      {"stanza", say},
      {"iq", ask},
      {"presence", presence},
      {"typing", typing},
      {"call", call},
      {"profile", profile},
      {"block", block},
      {"lid-state", lid_state},
      {"change-lid", change_lid},
      {"add-device", add_device},
      {"drop-device", drop_device},
  };
  const auto command = commands.find(verb);
  if (command == commands.end()) return fail(ErrorCode::kNotFound, "no such command");
  WA_TRY(json answer, command->second(world, person, body));
  world.changed();
  return answer;
}

}  // namespace simulator
