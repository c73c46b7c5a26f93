#include "simulator/control/person_commands.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/encoding.h"
#include "proto/message.pb.h"
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

using Command = Result<json> (*)(World& world, Person& person, const json& body);

}  // namespace

Result<json> person_command(World& world, Person& person, const std::string& verb, const json& body) {
  static const std::unordered_map<std::string_view, Command> commands{
      {"message", send_any}, {"status", post_status}, {"react", react}, {"edit", edit},
      {"revoke", revoke},    {"stanza", say},         {"iq", ask},
  };
  const auto command = commands.find(verb);
  if (command == commands.end()) return fail(ErrorCode::kNotFound, "no such command");
  WA_TRY(json answer, command->second(world, person, body));
  world.changed();
  return answer;
}

}  // namespace simulator
