#include "attachments/media_type.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace worker {
namespace {

struct Type {
  std::string_view mimetype;
  std::string_view extension;
};
// The first row of an extension is the type it stands for.
constexpr std::array kTypes{
    Type{"image/jpeg", "jpg"},
    Type{"image/jpeg", "jpeg"},
    Type{"image/png", "png"},
    Type{"image/webp", "webp"},
    Type{"image/gif", "gif"},
    Type{"video/mp4", "mp4"},
    Type{"video/3gpp", "3gp"},
    Type{"video/quicktime", "mov"},
    Type{"video/webm", "webm"},
    Type{"audio/ogg", "ogg"},
    Type{"audio/ogg", "opus"},
    Type{"audio/mpeg", "mp3"},
    Type{"audio/mp4", "m4a"},
    Type{"audio/aac", "aac"},
    Type{"audio/amr", "amr"},
    Type{"audio/wav", "wav"},
    Type{"application/pdf", "pdf"},
    Type{"application/zip", "zip"},
    Type{"application/was", "was"},
    Type{"text/plain", "txt"},
    Type{"text/vcard", "vcf"},
    Type{"application/msword", "doc"},
    Type{"application/vnd.ms-excel", "xls"},
    Type{"application/vnd.ms-powerpoint", "ppt"},
    Type{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    Type{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    Type{"application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx"},
};
constexpr std::size_t kLongestName = 255;

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// "image/jpeg" of " Image/JPEG ; x=y".
std::string bare(std::string_view mimetype) {
  mimetype = mimetype.substr(0, mimetype.find(';'));
  while (!mimetype.empty() && mimetype.back() == ' ') mimetype.remove_suffix(1);
  while (!mimetype.empty() && mimetype.front() == ' ') mimetype.remove_prefix(1);
  return lower(mimetype);
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && text.size() <= 8 && std::ranges::all_of(text, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

std::string of_container(std::string_view head) {
  const std::string_view brand = head.substr(8, 4);
  if (brand.starts_with("3g")) return "video/3gpp";
  if (brand.starts_with("M4A")) return "audio/mp4";
  if (brand.starts_with("qt")) return "video/quicktime";
  if (brand == "heic" || brand == "heix" || brand == "mif1") return "image/heic";
  return "video/mp4";
}

}  // namespace

std::string sniffed_mimetype(base::ByteView bytes) {
  const std::string_view head = base::as_text(bytes);
  const auto byte = [&head](std::size_t i) { return static_cast<unsigned char>(head[i]); };
  if (head.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (head.starts_with("\x89PNG")) return "image/png";
  if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WEBP") return "image/webp";
  if (head.starts_with("RIFF") && head.size() >= 12 && head.substr(8, 4) == "WAVE") return "audio/wav";
  if (head.starts_with("GIF8")) return "image/gif";
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") return of_container(head);
  if (head.starts_with("OggS")) return head.contains("OpusHead") ? "audio/ogg; codecs=opus" : "audio/ogg";
  if (head.starts_with("ID3")) return "audio/mpeg";
  if (head.starts_with("#!AMR")) return "audio/amr";
  if (head.starts_with("%PDF-")) return "application/pdf";
  if (head.starts_with("PK\x03\x04")) return "application/zip";
  if (head.starts_with("\x1a\x45\xdf\xa3")) return "video/webm";
  if (head.size() >= 2 && byte(0) == 0xff && (byte(1) & 0xf6) == 0xf0) return "audio/aac";
  if (head.size() >= 2 && byte(0) == 0xff && (byte(1) & 0xe0) == 0xe0) return "audio/mpeg";
  return {};
}

std::string extension_of(std::string_view mimetype) {
  const std::string type = bare(mimetype);
  const auto known = std::ranges::find(kTypes, std::string_view{type}, &Type::mimetype);
  if (known != kTypes.end()) return std::string{known->extension};
  const std::size_t slash = type.find('/');
  const std::string subtype = slash == std::string::npos ? std::string{} : type.substr(slash + 1);
  return is_plain_word(subtype) ? subtype : "bin";
}

std::string mimetype_of_name(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string extension = lower(file_name.substr(dot + 1));
  const auto known = std::ranges::find(kTypes, std::string_view{extension}, &Type::extension);
  return known == kTypes.end() ? std::string{} : std::string{known->mimetype};
}

std::string default_mimetype(MediaKind kind) {
  switch (kind) {
    case MediaKind::kImage:
      return "image/jpeg";
    case MediaKind::kVideo:
    case MediaKind::kGif:
    case MediaKind::kPtv:
      return "video/mp4";
    case MediaKind::kAudio:
      return "audio/mpeg";
    case MediaKind::kPtt:
      return "audio/ogg; codecs=opus";
    case MediaKind::kSticker:
      return "image/webp";
    default:
      return "application/octet-stream";
  }
}

std::string safe_file_name(std::string_view name, std::string_view otherwise) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (out.empty() && (c == '.' || c == ' '))) continue;
    out += c;
  }
  if (out.size() > kLongestName) {
    const std::size_t dot = out.rfind('.');
    const std::string ending =
        dot != std::string::npos && out.size() - dot <= 16 ? out.substr(dot) : std::string{};
    std::size_t end = kLongestName - ending.size();
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    out = out.substr(0, end) + ending;
  }
  return out.empty() ? std::string{otherwise} : out;
}

std::optional<MediaKind> media_kind_of(std::string_view word, std::string_view mimetype) {
  constexpr std::array<std::pair<std::string_view, MediaKind>, 9> kWords{{
      {"image", MediaKind::kImage},
      {"video", MediaKind::kVideo},
      {"gif", MediaKind::kGif},
      {"ptv", MediaKind::kPtv},
      {"audio", MediaKind::kAudio},
      {"ptt", MediaKind::kPtt},
      {"voice", MediaKind::kPtt},
      {"document", MediaKind::kDocument},
      {"sticker", MediaKind::kSticker},
  }};
  for (const auto& [name, kind] : kWords)
    if (name == word) return kind;
  if (!word.empty()) return std::nullopt;
  const std::string type = bare(mimetype);
  if (type == "image/jpeg" || type == "image/png" || type == "image/webp") return MediaKind::kImage;
  if (type == "image/gif") return MediaKind::kGif;
  if (type == "video/mp4" || type == "video/3gpp") return MediaKind::kVideo;
  if (type.starts_with("audio/")) return MediaKind::kAudio;
  return MediaKind::kDocument;
}

std::string_view media_type_word(MediaKind kind) {
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

std::uint64_t SizeLimits::of(MediaKind kind) const {
  const std::string_view word = media_type_word(kind);
  if (word == "image") return image;
  if (word == "video") return video;
  if (word == "audio") return audio;
  return word == "sticker" ? sticker : document;
}

}  // namespace worker
