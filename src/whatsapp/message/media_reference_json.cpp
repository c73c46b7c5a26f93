#include "whatsapp/message/media_reference_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/encoding.h"

namespace whatsapp::message {
namespace {

using Json = nlohmann::json;
using media::MediaKind;

constexpr auto kKinds = std::to_array<std::pair<MediaKind, std::string_view>>({
    {MediaKind::kImage, "image"},
    {MediaKind::kSticker, "sticker"},
    {MediaKind::kVideo, "video"},
    {MediaKind::kGif, "gif"},
    {MediaKind::kPtv, "ptv"},
    {MediaKind::kAudio, "audio"},
    {MediaKind::kPtt, "ptt"},
    {MediaKind::kDocument, "document"},
    {MediaKind::kStickerPack, "sticker_pack"},
});

void put(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

template <class Number>
void put_number(Json& out, const char* key, Number value) {
  if (value != 0) out[key] = value;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

template <class Number>
Number number_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

std::optional<base::FixedBytes<32>> bytes_at(const Json& json, const char* key) {
  const auto bytes = base::from_base64(text_at(json, key));
  if (!bytes || bytes->size() != 32) return std::nullopt;
  return base::to_fixed<32>(*bytes);
}

}  // namespace

Json encode_media_reference(const MediaReference& reference) {
  Json out = Json::object();
  for (const auto& [kind, word] : kKinds)
    if (kind == reference.kind) out["kind"] = word;
  put(out, "direct_path", reference.direct_path);
  put(out, "url", reference.url);
  if (reference.media_key) out["media_key"] = base::to_base64(reference.media_key->view());
  put_number(out, "media_key_timestamp", reference.media_key_timestamp);
  if (reference.file_sha256) out["file_sha256"] = base::to_base64(*reference.file_sha256);
  if (reference.file_enc_sha256) out["file_enc_sha256"] = base::to_base64(*reference.file_enc_sha256);
  if (reference.length) out["length"] = *reference.length;
  put(out, "mimetype", reference.mimetype);
  put(out, "file_name", reference.file_name);
  put_number(out, "width", reference.width);
  put_number(out, "height", reference.height);
  put_number(out, "seconds", reference.seconds);
  put_number(out, "page_count", reference.page_count);
  if (reference.animation == MediaReference::Animation::kAnimated) out["animated"] = true;
  return out;
}

base::Result<MediaReference> decode_media_reference(const Json& json) {
  MediaReference out;
  bool known = false;
  for (const auto& [kind, word] : kKinds) {
    if (!json.is_object() || text_at(json, "kind") != word) continue;
    out.kind = kind;
    known = true;
  }
  if (!known) return base::fail(base::ErrorCode::kMalformed, "no reference to a file");
  out.direct_path = text_at(json, "direct_path");
  out.url = text_at(json, "url");
  if (const auto key = bytes_at(json, "media_key")) out.media_key = media::MediaKey{*key};
  out.media_key_timestamp = number_at<std::int64_t>(json, "media_key_timestamp");
  out.file_sha256 = bytes_at(json, "file_sha256");
  out.file_enc_sha256 = bytes_at(json, "file_enc_sha256");
  if (json.contains("length")) out.length = number_at<std::uint64_t>(json, "length");
  out.mimetype = text_at(json, "mimetype");
  out.file_name = text_at(json, "file_name");
  out.width = number_at<std::uint32_t>(json, "width");
  out.height = number_at<std::uint32_t>(json, "height");
  out.seconds = number_at<std::uint32_t>(json, "seconds");
  out.page_count = number_at<std::uint32_t>(json, "page_count");
  if (json.contains("animated")) out.animation = MediaReference::Animation::kAnimated;
  return out;
}

std::string media_type_word(MediaKind kind) {
  switch (kind) {
    case MediaKind::kImage:
      return "image";
    case MediaKind::kVideo:
    case MediaKind::kGif:
    case MediaKind::kPtv:
      return "video";
    case MediaKind::kAudio:
    case MediaKind::kPtt:
      return "audio";
    case MediaKind::kSticker:
      return "sticker";
    default:
      return "document";
  }
}

}  // namespace whatsapp::message
