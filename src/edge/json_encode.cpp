#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/rfc3339.h"
#include "edge/json_codec.h"
#include "runtime/json.h"

namespace edge::json_codec {
namespace {

using Json = nlohmann::json;

std::string_view word(InstanceStatus status) {
  switch (status) {
    case InstanceStatus::kConnecting:
      return "CONNECTING";
    case InstanceStatus::kConnected:
      return "CONNECTED";
    case InstanceStatus::kDisconnected:
      return "DISCONNECTED";
  }
  return "DISCONNECTED";
}

void put(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

template <class T>
void put(Json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

void put_time(Json& out, const char* key, const std::optional<WallTime>& value) {
  if (value) out[key] = base::to_rfc3339(*value);
}

// Objects that other rooms made as text: left out when they are not JSON.
void put_object(Json& out, const std::string& key, const std::string& text) {
  if (text.empty() || key.empty()) return;
  auto value = runtime::parse_json(text);
  if (value) out[key] = *std::move(value);
}

Json as_json(const SendDebug& debug) {
  return {{"toOriginal", debug.to_original}, {"toNormalized", debug.to_normalized}, {"result", debug.result}};
}

bool is_group(std::string_view chat) { return chat.ends_with("@g.us"); }

void put_media(Json& out, const InboundMedia& media) {
  put(out, "media_type", media.media_type);
  put(out, "media_url", media.url);
  put(out, "mime_type", media.mime_type);
  put(out, "file_name", media.file_name);
  put(out, "file_size", media.file_size);
  put(out, "media_error", media.error);
}

Json as_json(const InboundMessage::Context& context) {
  using Mark = InboundMessage::Context::Mark;
  Json out = Json::object();
  put(out, "quoted_id", context.quoted_id);
  put(out, "quoted_sender", context.quoted_sender);
  if (!context.mentions.empty()) out["mentions"] = context.mentions;
  if (context.forwarded == Mark::kYes) out["forwarded"] = true;
  if (context.forwarding_score > 0) out["forwarding_score"] = context.forwarding_score;
  if (context.ephemeral == Mark::kYes) out["ephemeral"] = true;
  if (context.expiration > 0) out["expiration"] = context.expiration;
  if (context.view_once == Mark::kYes) out["view_once"] = true;
  return out;
}

Json lock_fields(const std::string& instance, const std::string& owner, base::Duration ttl) {
  return {{"instanceId", instance}, {"instance_owner", owner}, {"ttl_ms", ttl.count()}};
}

}  // namespace

std::string encode(const StatusUpdate& update) {
  Json out{{"instanceId", update.instance_id}, {"status", word(update.status)}};
  // A null would wipe a QR that the edge still shows, so CONNECTING without one leaves the key out.
  if (update.status != InstanceStatus::kConnecting) {
    out["qr_code"] = nullptr;
  } else if (!update.qr_code.empty()) {
    out["qr_code"] = update.qr_code;
  }
  put(out, "qr", update.qr);
  put(out, "pairing_code", update.pairing_code);
  put(out, "reason", update.reason);
  put(out, "reason_code", update.reason_code);
  put(out, "attempt", update.attempt);
  put_time(out, "next_retry_at", update.next_retry_at);
  put(out, "jid", update.jid);
  put(out, "lid", update.lid);
  put(out, "push_name", update.push_name);
  put_object(out, "passkey", update.passkey_json);
  put_time(out, "at", update.at);
  return runtime::to_text(out);
}

std::string encode(const MarkSent& mark) {
  Json out{{"messageId", mark.message_id},
           {"wa_message_id", mark.wa_message_id},
           {"send_debug", as_json(mark.send_debug)}};
  put(out, "instanceId", mark.instance_id);
  put_time(out, "sent_at", mark.sent_at);
  return runtime::to_text(out);
}

std::string encode(const MarkFailed& mark) {
  Json out{{"messageId", mark.message_id}, {"error", mark.error}, {"send_debug", as_json(mark.send_debug)}};
  put(out, "instanceId", mark.instance_id);
  put(out, "error_code", mark.error_code);
  out["retryable"] = mark.retryable == Retryable::kYes;
  return runtime::to_text(out);
}

std::string encode(const InboundMessage& message) {
  Json out{{"instanceId", message.instance_id},
           {"from", message.from},
           {"to", message.to},
           {"body", message.body},
           {"chat_id", message.chat_id},
           {"chat_id_norm", message.chat_id},
           {"chat_type", is_group(message.chat_id) ? "group" : "direct"},
           {"sender_jid_raw", message.sender_jid_raw},
           {"from_me", message.origin == MessageOrigin::kFromMe}};
  put(out, "sender_pn", message.sender_pn);
  put(out, "sender_lid", message.sender_lid);
  put(out, "sender_contact_id", message.sender_contact_id);
  put(out, "push_name", message.push_name);
  put(out, "wa_message_id", message.wa_message_id);
  put(out, "timestamp", message.timestamp);
  put(out, "kind", message.kind);
  if (message.media) put_media(out, *message.media);
  if (message.context) out["context"] = as_json(*message.context);
  put_object(out, message.payload_key, message.payload_json);
  put(out, "edit_of", message.edit_of);
  put(out, "revoke_of", message.revoke_of);
  return runtime::to_text(out);
}

std::string encode(const ContactQuery& query) {
  Json out{{"instanceId", query.instance_id},
           {"jid", query.jid},
           {"jid_type", query.jid_type == JidType::kLid ? "lid" : "pn"}};
  out["push_name"] = query.push_name.empty() ? Json(nullptr) : Json(query.push_name);
  return runtime::to_text(out);
}

std::pair<std::string, std::string> frame_of(const MediaUpload& upload) {
  Json out{{"instanceId", upload.instance_id},
           {"messageId", upload.wa_message_id},
           {"mime_type", upload.mime_type},
           {"file_name", upload.file_name},
           {"bytes_base64", ""}};
  const std::string text = runtime::to_text(out);
  const std::string_view slot = "\"bytes_base64\":\"";
  const std::size_t cut = text.find(slot) + slot.size();
  return {text.substr(0, cut), text.substr(cut)};
}

std::string encode(const LockRequest& request) {
  return runtime::to_text(lock_fields(request.instance_id, request.owner, request.ttl));
}

std::string encode_renewal(const HeldLock& lock) {
  Json out = lock_fields(lock.instance_id, lock.owner, lock.ttl);
  out["lock_token"] = lock.token;
  return runtime::to_text(out);
}

std::string encode_release(const HeldLock& lock, std::string_view handoff_to) {
  Json out = lock_fields(lock.instance_id, lock.owner, lock.ttl);
  out["lock_token"] = lock.token;
  if (!handoff_to.empty()) out["handoff_to"] = handoff_to;
  return runtime::to_text(out);
}

std::string encode(const ClaimRequest& request) {
  return runtime::to_text({{"instanceIds", request.instance_ids},
                           {"limit", request.limit},
                           {"lease_ms", request.lease.count()},
                           {"wait_ms", request.wait.count()}});
}

std::string encode(const LockBatch& batch) {
  Json locks = Json::array();
  for (const auto& lock : batch.locks)
    locks.push_back({{"instanceId", lock.instance_id}, {"lock_token", lock.token}});
  return runtime::to_text(
      {{"instance_owner", batch.owner}, {"ttl_ms", batch.ttl.count()}, {"locks", std::move(locks)}});
}

std::string encode(const std::vector<Event>& events) {
  Json list = Json::array();
  for (const auto& event : events) {
    auto data = runtime::parse_json(event.data_json.empty() ? "{}" : event.data_json);
    Json out = data && data->is_object() ? *std::move(data) : Json::object();
    out["id"] = event.id;
    out["type"] = event.type;
    out["instanceId"] = event.instance_id;
    out["at"] = base::to_rfc3339(event.at);
    list.push_back(std::move(out));
  }
  return runtime::to_text({{"events", std::move(list)}});
}

std::string encode(const CommandResult& result) {
  Json out{{"commandId", result.command_id}, {"ok", result.error_code.empty()}};
  put(out, "instanceId", result.instance_id);
  put_object(out, "result", result.result_json);
  put(out, "error_code", result.error_code);
  put(out, "error", result.error);
  return runtime::to_text(out);
}

}  // namespace edge::json_codec
