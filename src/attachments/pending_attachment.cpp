#include "attachments/pending_attachment.h"

#include <nlohmann/json.hpp>

#include "attachments/media_reference_json.h"
#include "runtime/json.h"

namespace worker {

using Json = nlohmann::json;

std::string encode_attachment(const PendingAttachment& attachment) {
  return runtime::to_text(Json{{"instance", attachment.instance_id},
                               {"id", attachment.message_id},
                               {"chat", attachment.chat},
                               {"participant", attachment.participant},
                               {"from_me", attachment.origin == edge::MessageOrigin::kFromMe},
                               {"at", attachment.received_at},
                               {"file", to_json(attachment.file)}});
}

base::Result<PendingAttachment> decode_attachment(std::string_view text) {
  WA_TRY(const Json json, runtime::parse_json(text));
  const auto bad = base::fail(base::ErrorCode::kMalformed, "a spooled attachment cannot be read");
  if (!json.is_object() || !json.contains("file")) return bad;
  const auto string_of = [&json](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  PendingAttachment attachment;
  WA_TRY(attachment.file, media_reference_of(json["file"]));
  attachment.instance_id = string_of("instance");
  attachment.message_id = string_of("id");
  attachment.chat = string_of("chat");
  attachment.participant = string_of("participant");
  if (const auto at = json.find("at"); at != json.end() && at->is_number_integer())
    attachment.received_at = at->get<std::int64_t>();
  if (const auto own = json.find("from_me"); own != json.end() && own->is_boolean() && own->get<bool>())
    attachment.origin = edge::MessageOrigin::kFromMe;
  if (attachment.message_id.empty() || attachment.instance_id.empty()) return bad;
  return attachment;
}

}  // namespace worker
