#include "connection/inbound_payload.h"

#include <nlohmann/json.hpp>

#include "attachments/media_type.h"
#include "connection/inbound_parts.h"
#include "edge/json_codec.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;
using whatsapp::IncomingMessage;
using whatsapp::binary::Jid;
using whatsapp::message::Content;
using whatsapp::message::Kind;
using whatsapp::message::MediaReference;
using Context = edge::InboundMessage::Context;
using Mark = Context::Mark;

namespace {

std::string plain(const Jid& jid) { return jid.normalized().bare().to_string(); }

std::string plain(const std::optional<Jid>& jid) {
  return jid && !jid->empty() ? plain(*jid) : std::string{};
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

Mark mark(bool marked) { return marked ? Mark::kYes : Mark::kNo; }

bool truth(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

template <class Number>
Number number(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

std::optional<Context> context_of(const Content& content) {
  Context out;
  out.quoted_id = content.quoted_id;
  if (!out.quoted_id.empty()) out.quoted_sender = content.quoted_author;
  out.mentions = content.mentions;
  out.forwarded = mark(content.forwarding_score > 0);
  out.forwarding_score = content.forwarding_score;
  out.ephemeral = mark(content.ephemeral || content.expiration > 0);
  out.expiration = content.expiration;
  out.view_once = mark(content.view_once);
  const bool says_something = !out.quoted_id.empty() || !out.mentions.empty() ||
                              out.forwarded == Mark::kYes || out.ephemeral == Mark::kYes ||
                              out.view_once == Mark::kYes;
  return says_something ? std::optional{std::move(out)} : std::nullopt;
}

Context read_context(const Json& json) {
  Context out;
  out.quoted_id = text(json, "quoted_id");
  out.quoted_sender = text(json, "quoted_sender");
  if (const auto mentions = json.find("mentions"); mentions != json.end() && mentions->is_array())
    for (const auto& jid : *mentions)
      if (jid.is_string()) out.mentions.push_back(jid.get<std::string>());
  out.forwarded = mark(truth(json, "forwarded"));
  out.forwarding_score = number<std::uint32_t>(json, "forwarding_score");
  out.ephemeral = mark(truth(json, "ephemeral"));
  out.expiration = number<std::uint32_t>(json, "expiration");
  out.view_once = mark(truth(json, "view_once"));
  return out;
}

/// What the peer says about its file; where it is for the edge, nobody knows yet.
edge::InboundMedia media_of(const MediaReference& reference) {
  edge::InboundMedia out;
  out.media_type = media_type_word(reference.kind);
  out.mime_type = reference.mimetype;
  out.file_name = reference.file_name;
  out.file_size = reference.length;
  return out;
}

std::optional<edge::InboundMedia> read_media(const Json& json) {
  edge::InboundMedia out;
  out.media_type = text(json, "media_type");
  if (out.media_type.empty()) return std::nullopt;
  out.url = text(json, "media_url");
  out.mime_type = text(json, "mime_type");
  out.file_name = text(json, "file_name");
  if (json.contains("file_size")) out.file_size = number<std::uint64_t>(json, "file_size");
  out.error = text(json, "media_error");
  return out;
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
  const Content& content = message.content;
  out.body = readable_body(content);
  out.kind = to_string(content.kind);
  out.push_name = message.push_name;
  out.wa_message_id = message.id;
  if (message.timestamp > 0) out.timestamp = message.timestamp;
  if (message.direction == IncomingMessage::Direction::kFromMe) out.origin = edge::MessageOrigin::kFromMe;
  out.context = context_of(content);
  if (content.media) out.media = media_of(*content.media);
  if (content.kind == Kind::kEdit) out.edit_of = content.target.id;
  if (content.kind == Kind::kRevoke) out.revoke_of = content.target.id;
  if (auto part = part_of(message)) {
    out.payload_key = std::move(part->key);
    out.payload_json = std::move(part->json);
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
  if (const auto context = json.find("context"); context != json.end() && context->is_object())
    out.context = read_context(*context);
  out.media = read_media(json);
  out.edit_of = text(json, "edit_of");
  out.revoke_of = text(json, "revoke_of");
  const std::string key = part_key(out.kind);
  if (const auto part = json.find(key); part != json.end() && part->is_structured()) {
    out.payload_key = key;
    out.payload_json = runtime::to_text(*part);
  }
  if (out.chat_id.empty() || out.instance_id.empty())
    return base::fail(base::ErrorCode::kMalformed, "the spooled message names no chat");
  return out;
}

}  // namespace worker
