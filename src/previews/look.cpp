#include "previews/look.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/encoding.h"
#include "previews/fence.h"
#include "previews/ffmpeg.h"
#include "previews/film.h"
#include "previews/pages.h"
#include "previews/picture.h"
#include "previews/sound.h"

namespace previews {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr int kThumbnailQuality = 70;
constexpr std::size_t kLargestThumbnail = 64u << 10;
constexpr std::uint32_t kSampleRate = 16'000;
constexpr std::size_t kLargestFrame = 8u << 20;

FileKind kind_of_file(int file) {
  std::array<std::uint8_t, 64> head{};
  const ssize_t got = ::pread(file, head.data(), head.size(), 0);
  return got <= 0 ? FileKind::kUnknown : kind_of(base::ByteView{head}.first(static_cast<std::size_t>(got)));
}

Result<Bytes> read_all(int file, std::size_t most) {
  Bytes out;
  std::array<std::uint8_t, 65'536> piece{};
  for (;;) {
    const ssize_t got = ::read(file, piece.data(), piece.size());
    if (got < 0) return fail(ErrorCode::kIo, "the file cannot be read");
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > most)
      return fail(ErrorCode::kLimit, "the file is too large");
    out.insert(out.end(), piece.begin(), piece.begin() + got);
  }
}

Result<void> write_all(int file, base::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) return fail(ErrorCode::kIo, "the result cannot be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Bytes thumbnail_of(const Picture& picture) {
  Bytes jpeg = encode_jpeg(shrunk(picture, kThumbnailEdge), kThumbnailQuality);
  if (jpeg.size() > kLargestThumbnail) jpeg.clear();
  return jpeg;
}

void look_at_picture(int file, FileKind kind, Findings& found) {
  const auto bytes = read_all(file, kLargestPicture);
  if (!bytes) return;
  const auto size = picture_size(kind, *bytes);
  if (!size) return;
  found.width = size->width;
  found.height = size->height;
  if (size->animation == PictureSize::Animation::kAnimated) found.animation = Findings::Animation::kAnimated;
  if (const auto picture = decode_picture(kind, *bytes)) found.jpeg_thumbnail = thumbnail_of(*picture);
}

std::string descriptor_path(int file) { return "/proc/self/fd/" + std::to_string(file); }

/// The child must be there before the fence is.
std::optional<Ffmpeg> decoder_for(int file, FileKind kind) {
  std::vector<std::string> arguments{"-i", descriptor_path(file)};
  if (kind == FileKind::kMp4) {
    arguments.insert(arguments.end(),
                     {"-frames:v", "1", "-vf", "scale=200:200:force_original_aspect_ratio=decrease", "-f",
                      "image2pipe", "-c:v", "png", "pipe:1"});
  } else if (is_sound(kind) && kind != FileKind::kOggOpus) {
    arguments.insert(arguments.end(),
                     {"-vn", "-ac", "1", "-ar", std::to_string(kSampleRate), "-f", "s16le", "pipe:1"});
  } else {
    return std::nullopt;
  }
  auto started = Ffmpeg::start(std::move(arguments));
  if (!started) return std::nullopt;
  return std::optional<Ffmpeg>{*std::move(started)};
}

void look_at_film(int file, const std::optional<Ffmpeg>& decoder, Findings& found) {
  if (const auto shape = film_shape(file)) {
    found.seconds = shape->seconds;
    found.width = shape->width;
    found.height = shape->height;
    if (shape->width == 0) found.mimetype = "audio/mp4";
  }
  const auto frame = decoder ? read_all(decoder->output(), kLargestFrame) : Result<Bytes>{};
  if (!frame || frame->empty()) return;
  if (const auto picture = decode_picture(FileKind::kPng, *frame))
    found.jpeg_thumbnail = thumbnail_of(*picture);
}

void look_at_sound(int file, FileKind kind, const std::optional<Ffmpeg>& decoder, Findings& found) {
  Result<SoundShape> shape = fail(ErrorCode::kNotFound, "no decoder");
  if (kind == FileKind::kOggOpus) {
    shape = shape_of_opus(file);
  } else if (decoder) {
    shape = shape_of_samples(decoder->output(), kSampleRate);
  }
  if (!shape) return;
  found.seconds = shape->seconds;
  found.waveform = shape->waveform;
}

Result<void> transcode(int from, int to, std::vector<std::string> how) {
  std::vector<std::string> arguments{"-i", descriptor_path(from)};
  arguments.insert(arguments.end(), how.begin(), how.end());
  arguments.push_back("-y");
  arguments.push_back(descriptor_path(to));
  WA_TRY(auto ffmpeg, Ffmpeg::start(std::move(arguments)));
  return ffmpeg.finish();
}

}  // namespace

Result<Findings> look(int file) {
  const FileKind kind = kind_of_file(file);
  const auto decoder = decoder_for(file, kind);
  WA_TRY_VOID(fence_in());
  Findings found;
  found.mimetype = mimetype_of(kind);
  if (is_picture(kind)) look_at_picture(file, kind, found);
  if (is_sound(kind)) look_at_sound(file, kind, decoder, found);
  if (kind == FileKind::kMp4) look_at_film(file, decoder, found);
  if (kind == FileKind::kPdf) found.page_count = pdf_pages(file);
  if (kind == FileKind::kUnknown) return fail(ErrorCode::kMalformed, "a file of no known kind");
  return found;
}

Result<void> make_sticker(int from, int to) {
  const FileKind kind = kind_of_file(from);
  if (!is_picture(kind)) return fail(ErrorCode::kMalformed, "not a picture");
  WA_TRY_VOID(fence_in());
  WA_TRY(const Bytes bytes, read_all(from, kLargestPicture));
  WA_TRY(const Picture picture, decode_picture(kind, bytes));
  WA_TRY(const Bytes sticker, encode_sticker(picture));
  return write_all(to, sticker);
}

Result<void> make_voice(int from, int to) {
  return transcode(from, to,
                   {"-vn", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "64k", "-frame_duration",
                    "20", "-f", "ogg"});
}

Result<void> make_loop(int from, int to) {
  return transcode(from, to,
                   {"-movflags", "+faststart", "-pix_fmt", "yuv420p", "-vf",
                    "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-an", "-f", "mp4"});
}

std::string to_json(const Findings& found) {
  nlohmann::json out{{"mimetype", found.mimetype},
                     {"width", found.width},
                     {"height", found.height},
                     {"seconds", found.seconds},
                     {"page_count", found.page_count},
                     {"thumbnail", base::to_base64(found.jpeg_thumbnail)},
                     {"waveform", base::to_base64(found.waveform)},
                     {"animated", found.animation == Findings::Animation::kAnimated}};
  return out.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace previews
