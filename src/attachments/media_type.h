// What a file is called: kinds, MIME types, extensions, names. Pure. What comes from outside is never used as
// a path before it has been through safe_file_name().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "whatsapp/media/media_kind.h"

namespace worker {

using whatsapp::media::MediaKind;

/// From the first bytes of a file; empty: unknown. Enough are 64.
std::string sniffed_mimetype(base::ByteView head);

/// "jpg" of "image/jpeg; x=y". Unknown: the subtype if it is a plain word, else "bin".
std::string extension_of(std::string_view mimetype);
/// By a name's extension; empty: unknown.
std::string mimetype_of_name(std::string_view file_name);
/// When nobody says: "image/jpeg", "audio/ogg; codecs=opus", "application/octet-stream", …
std::string default_mimetype(MediaKind kind);

/// The last part of a path or URL, without control characters, separators and leading dots, at most 255 bytes
/// and never cut inside a character; `otherwise` when nothing is left.
std::string safe_file_name(std::string_view name, std::string_view otherwise);

/// The kind of a queued message's media, from the contract's word ("image", "gif", "ptt", …) or, without one,
/// from the MIME type. Nothing for a word that is no media.
std::optional<MediaKind> media_kind_of(std::string_view word, std::string_view mimetype);
/// The contract's media_type: image, video, audio, document, sticker.
std::string_view media_type_word(MediaKind kind);

/// Bytes of a file that is sent (spec 06 §7.6).
struct SizeLimits {
  std::uint64_t image = 16u << 20;
  std::uint64_t video = 64u << 20;
  std::uint64_t audio = 16u << 20;
  std::uint64_t sticker = 16u << 20;  // before it is converted
  std::uint64_t document = 2000ull << 20;

  [[nodiscard]] std::uint64_t of(MediaKind kind) const;
};

}  // namespace worker
