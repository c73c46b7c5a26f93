#include "previews/file_kind.h"

namespace previews {
namespace {

bool has_at(base::ByteView head, std::size_t at, std::string_view text) {
  return head.size() >= at + text.size() && base::as_text(head.subspan(at, text.size())) == text;
}

/// MPEG audio frame sync, layer I to III.
bool is_mpeg_frame(base::ByteView head) {
  return head.size() >= 2 && head[0] == 0xFF && (head[1] & 0xE0) == 0xE0 && (head[1] & 0x06) != 0;
}

}  // namespace

FileKind kind_of(base::ByteView head) {
  using namespace std::string_view_literals;
  if (has_at(head, 0, "\xFF\xD8\xFF"sv)) return FileKind::kJpeg;
  if (has_at(head, 0, "\x89PNG\r\n\x1A\n"sv)) return FileKind::kPng;
  if (has_at(head, 0, "GIF87a"sv) || has_at(head, 0, "GIF89a"sv)) return FileKind::kGif;
  if (has_at(head, 0, "RIFF"sv) && has_at(head, 8, "WEBP"sv)) return FileKind::kWebp;
  if (has_at(head, 0, "RIFF"sv) && has_at(head, 8, "WAVE"sv)) return FileKind::kWav;
  if (has_at(head, 0, "OggS"sv)) return has_at(head, 28, "OpusHead"sv) ? FileKind::kOggOpus : FileKind::kOgg;
  if (has_at(head, 4, "ftyp"sv)) return FileKind::kMp4;
  if (has_at(head, 0, "#!AMR"sv)) return FileKind::kAmr;
  if (has_at(head, 0, "%PDF-"sv)) return FileKind::kPdf;
  if (has_at(head, 0, "ID3"sv) || is_mpeg_frame(head)) return FileKind::kMp3;
  return FileKind::kUnknown;
}

std::string_view mimetype_of(FileKind kind) {
  switch (kind) {
    case FileKind::kJpeg:
      return "image/jpeg";
    case FileKind::kPng:
      return "image/png";
    case FileKind::kGif:
      return "image/gif";
    case FileKind::kWebp:
      return "image/webp";
    case FileKind::kOggOpus:
      return "audio/ogg; codecs=opus";
    case FileKind::kOgg:
      return "audio/ogg";
    case FileKind::kMp4:
      return "video/mp4";
    case FileKind::kMp3:
      return "audio/mpeg";
    case FileKind::kWav:
      return "audio/wav";
    case FileKind::kAmr:
      return "audio/amr";
    case FileKind::kPdf:
      return "application/pdf";
    case FileKind::kUnknown:
      return "";
  }
  return "";
}

bool is_picture(FileKind kind) {
  return kind == FileKind::kJpeg || kind == FileKind::kPng || kind == FileKind::kGif ||
         kind == FileKind::kWebp;
}

bool is_sound(FileKind kind) {
  return kind == FileKind::kOggOpus || kind == FileKind::kOgg || kind == FileKind::kMp3 ||
         kind == FileKind::kWav || kind == FileKind::kAmr;
}

}  // namespace previews
