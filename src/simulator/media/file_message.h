// Messages that carry a file, as simulated people write and read them: a serialised Message on one side, what
// it says about its file on the other. Written with the protobuf alone, so that a mistake in the worker's
// reading or writing of the same messages shows (spec 06 §6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "whatsapp/media/media_kind.h"

namespace simulator {

/// What a message says of its file. Bytes are as they stand there, of any length.
struct FileReference {
  whatsapp::media::MediaKind kind = whatsapp::media::MediaKind::kDocument;
  std::string url{};
  std::string direct_path{};
  base::Bytes media_key{};
  base::Bytes file_sha256{};
  base::Bytes file_enc_sha256{};
  std::uint64_t length = 0;
  std::int64_t media_key_timestamp = 0;

  std::string mimetype{};
  std::string caption{};
  std::string file_name{};
  std::uint32_t width = 0, height = 0, seconds = 0, pages = 0;
  base::Bytes thumbnail{};  // JPEG; PNG of a sticker
  base::Bytes waveform{};
  base::Bytes sidecar{};
  bool animated = false;
  bool view_once = false;
};

/// "image", "video", "gif", "ptv", "audio", "ptt", "document", "sticker"; empty for other words.
std::optional<whatsapp::media::MediaKind> file_kind_from(std::string_view word);
std::string_view file_kind_word(whatsapp::media::MediaKind kind);

/// A serialised Message with a secret of its own.
base::Bytes write_file_message(const FileReference& file, base::Random& random);

/// The file of a message, below its wrappers. Empty: it has none.
std::optional<FileReference> read_file_message(base::ByteView serialised);

}  // namespace simulator
