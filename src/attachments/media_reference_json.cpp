#include "attachments/media_reference_json.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace worker {

using Json = nlohmann::json;
using whatsapp::media::MediaKind;
using whatsapp::message::MediaReference;

namespace {

constexpr int kLastKind = static_cast<int>(MediaKind::kGroupHistory);

void put(Json& json, const char* key, base::ByteView bytes) {
  if (!bytes.empty()) json[key] = base::to_base64(bytes);
}

template <class Number>
void put_number(Json& json, const char* key, Number number) {
  if (number != 0) json[key] = number;
}

base::Bytes bytes(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return {};
  return base::from_base64(found->get_ref<const std::string&>()).value_or(base::Bytes{});
}

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int64_t number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::optional<crypto::Sha256Digest> hash(const Json& json, const char* key) {
  const base::Bytes found = bytes(json, key);
  if (found.size() != 32) return std::nullopt;
  return base::to_fixed<32>(found);
}

}  // namespace

Json to_json(const MediaReference& reference) {
  Json json{{"kind", static_cast<int>(reference.kind)}, {"mimetype", reference.mimetype}};
  json["url"] = reference.url;
  json["path"] = reference.direct_path;
  if (reference.media_key) put(json, "key", reference.media_key->view());
  put_number(json, "key_at", reference.media_key_timestamp);
  if (reference.file_sha256) put(json, "sha", *reference.file_sha256);
  if (reference.file_enc_sha256) put(json, "enc_sha", *reference.file_enc_sha256);
  if (reference.length) json["length"] = *reference.length;
  if (!reference.file_name.empty()) json["name"] = reference.file_name;
  put_number(json, "width", reference.width);
  put_number(json, "height", reference.height);
  put_number(json, "seconds", reference.seconds);
  put_number(json, "pages", reference.page_count);
  put(json, "thumbnail", reference.jpeg_thumbnail);
  put(json, "waveform", reference.waveform);
  put(json, "sidecar", reference.streaming_sidecar);
  if (reference.animation == MediaReference::Animation::kAnimated) json["animated"] = true;
  return json;
}

base::Result<MediaReference> media_reference_of(const Json& json) {
  const std::int64_t kind = json.is_object() ? number(json, "kind") : -1;
  if (kind < 0 || kind > kLastKind)
    return base::fail(base::ErrorCode::kMalformed, "a stored media reference cannot be read");
  MediaReference reference;
  reference.kind = static_cast<MediaKind>(kind);
  reference.url = text(json, "url");
  reference.direct_path = text(json, "path");
  if (const auto key = bytes(json, "key"); key.size() == 32)
    reference.media_key.emplace(base::to_fixed<32>(key));
  reference.media_key_timestamp = number(json, "key_at");
  reference.file_sha256 = hash(json, "sha");
  reference.file_enc_sha256 = hash(json, "enc_sha");
  if (json.contains("length")) reference.length = static_cast<std::uint64_t>(number(json, "length"));
  reference.mimetype = text(json, "mimetype");
  reference.file_name = text(json, "name");
  reference.width = static_cast<std::uint32_t>(number(json, "width"));
  reference.height = static_cast<std::uint32_t>(number(json, "height"));
  reference.seconds = static_cast<std::uint32_t>(number(json, "seconds"));
  reference.page_count = static_cast<std::uint32_t>(number(json, "pages"));
  reference.jpeg_thumbnail = bytes(json, "thumbnail");
  reference.waveform = bytes(json, "waveform");
  reference.streaming_sidecar = bytes(json, "sidecar");
  if (json.value("animated", false)) reference.animation = MediaReference::Animation::kAnimated;
  return reference;
}

}  // namespace worker
