#include "connection/inbound_payload.h"

#include <nlohmann/json.hpp>

#include "edge/json_codec.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;
using whatsapp::IncomingMessage;
using whatsapp::binary::Jid;

namespace {

std::string plain(const Jid& jid) { return jid.normalized().bare().to_string(); }

std::string plain(const std::optional<Jid>& jid) {
  return jid && !jid->empty() ? plain(*jid) : std::string{};
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

edge::InboundMessage to_inbound(const IncomingMessage& message, std::string instance_id,
                                std::string own_jid) {
  edge::InboundMessage out;
  out.instance_id = std::move(instance_id);
  out.to = std::move(own_jid);
  out.chat_id = plain(message.chat);
  // In a direct chat the author is known by the chat, also when it was we who wrote: `from_me` says so.
  out.from = message.chat.is_group() ? plain(message.sender) : out.chat_id;
  out.sender_jid_raw = out.from;
  out.sender_pn = plain(message.sender_pn);
  out.sender_lid = plain(message.sender_lid);
  out.body = message.body;
  out.kind = message.kind;
  out.push_name = message.push_name;
  out.wa_message_id = message.id;
  if (message.timestamp > 0) out.timestamp = message.timestamp;
  if (message.direction == IncomingMessage::Direction::kFromMe) out.origin = edge::MessageOrigin::kFromMe;
  if (!message.quoted_id.empty() || !message.mentions.empty()) {
    out.context.emplace();
    out.context->quoted_id = message.quoted_id;
    out.context->mentions = message.mentions;
  }
  return out;
}

std::string with_attachment(std::string payload, const PendingAttachment& attachment) {
  payload.pop_back();  // the closing brace of an object that is never empty
  return payload + ",\"_attachment\":" + encode_attachment(attachment) + "}";
}

std::optional<PendingAttachment> attachment_of(std::string_view payload) {
  const auto json = runtime::parse_json(payload);
  if (!json || !json->is_object()) return std::nullopt;
  const auto found = json->find("_attachment");
  if (found == json->end()) return std::nullopt;
  auto attachment = decode_attachment(runtime::to_text(*found));
  if (!attachment) return std::nullopt;
  return *std::move(attachment);
}

std::string encode_inbound(const edge::InboundMessage& message) { return edge::json_codec::encode(message); }

base::Result<edge::InboundMessage> decode_inbound(std::string_view payload) {
  WA_TRY(const Json json, runtime::parse_json(payload));
  if (!json.is_object()) return base::fail(base::ErrorCode::kMalformed, "the spooled message cannot be read");
  edge::InboundMessage out;
  out.instance_id = text(json, "instanceId");
  out.from = text(json, "from");
  out.to = text(json, "to");
  out.body = text(json, "body");
  out.chat_id = text(json, "chat_id");
  out.sender_jid_raw = text(json, "sender_jid_raw");
  out.sender_pn = text(json, "sender_pn");
  out.sender_lid = text(json, "sender_lid");
  out.push_name = text(json, "push_name");
  out.wa_message_id = text(json, "wa_message_id");
  out.kind = text(json, "kind");
  if (const auto at = json.find("timestamp"); at != json.end() && at->is_number_integer())
    out.timestamp = at->get<std::int64_t>();
  if (const auto own = json.find("from_me"); own != json.end() && own->is_boolean() && own->get<bool>())
    out.origin = edge::MessageOrigin::kFromMe;
  if (const auto context = json.find("context"); context != json.end() && context->is_object()) {
    out.context.emplace();
    out.context->quoted_id = text(*context, "quoted_id");
    if (const auto mentions = context->find("mentions"); mentions != context->end() && mentions->is_array())
      for (const auto& jid : *mentions)
        if (jid.is_string()) out.context->mentions.push_back(jid.get<std::string>());
  }
  if (out.chat_id.empty() || out.instance_id.empty())
    return base::fail(base::ErrorCode::kMalformed, "the spooled message names no chat");
  return out;
}

}  // namespace worker
