#include "queue/queued_payload.h"

#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "edge/json_codec.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;

std::string encode_payload(const edge::QueuedMessage& message) {
  Json out{{"id", message.id}, {"to", message.to}, {"body", message.body}, {"type", message.type}};
  if (message.media) {
    out["media_url"] = message.media->url;
    out["media_type"] = message.media->media_type;
    out["mime_type"] = message.media->mime_type;
    out["file_name"] = message.media->file_name;
  }
  if (!message.payload_json.empty()) {
    if (auto payload = runtime::parse_json(message.payload_json)) out["payload"] = *std::move(payload);
  }
  if (!message.extras_json.empty()) {
    if (const auto extras = runtime::parse_json(message.extras_json); extras && extras->is_object())
      out.update(*extras);
  }
  if (!message.quoted_id.empty()) {
    out["quoted"] = {{"id", message.quoted_id}, {"sender", message.quoted_sender}};
    if (!message.quoted_body.empty()) out["quoted"]["body"] = message.quoted_body;
  }
  if (!message.mentions.empty()) out["mentions"] = message.mentions;
  if (message.expires_at) out["expires_at"] = base::to_rfc3339(*message.expires_at);
  return runtime::to_text(Json::array({std::move(out)}));
}

base::Result<edge::QueuedMessage> decode_payload(std::string_view payload, std::string_view instance_id) {
  WA_TRY(auto listing, edge::json_codec::decode_queue(payload, instance_id));
  if (listing.messages.size() != 1)
    return base::fail(base::ErrorCode::kMalformed, "the journalled message cannot be read");
  return std::move(listing.messages.front());
}

std::string encode_note(const SendNote& note) {
  Json out{{"result", note.result}};
  if (note.sent_at != 0) out["sent_at"] = note.sent_at;
  if (note.retryable == edge::Retryable::kYes) out["retryable"] = true;
  return runtime::to_text(out);
}

SendNote decode_note(std::string_view note) {
  SendNote out;
  const auto parsed = runtime::parse_json(note);
  if (!parsed || !parsed->is_object()) return out;
  if (const auto result = parsed->find("result"); result != parsed->end() && result->is_string())
    out.result = result->get<std::string>();
  if (const auto sent_at = parsed->find("sent_at"); sent_at != parsed->end() && sent_at->is_number_integer())
    out.sent_at = sent_at->get<std::int64_t>();
  if (parsed->contains("retryable")) out.retryable = edge::Retryable::kYes;
  return out;
}

}  // namespace worker
