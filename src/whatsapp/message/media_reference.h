// Where a file of a message is and how it is read: what a media message carries besides its words. The same
// in both directions: read from a peer's message, or filled after an upload. From a peer nothing in it is
// true until the file has been verified. Spec 05 §5.4, 06 §6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "whatsapp/media/media_keys.h"
#include "whatsapp/media/media_kind.h"

namespace whatsapp::message {

struct MediaReference {
  media::MediaKind kind = media::MediaKind::kDocument;
  std::string url{};
  std::string direct_path{};
  std::optional<media::MediaKey> media_key;  // absent: not encrypted (channels)
  std::int64_t media_key_timestamp = 0;      // Unix seconds
  std::optional<crypto::Sha256Digest> file_sha256{};
  std::optional<crypto::Sha256Digest> file_enc_sha256{};
  std::optional<std::uint64_t> length{};  // of the plaintext, bytes

  std::string mimetype{};
  std::string file_name{};  // documents
  std::uint32_t width = 0, height = 0;
  std::uint32_t seconds = 0;
  std::uint32_t page_count = 0;
  base::Bytes jpeg_thumbnail{};
  base::Bytes waveform{};  // 64 bytes, 0…100 each
  base::Bytes streaming_sidecar{};
  enum class Animation { kStill, kAnimated } animation = Animation::kStill;  // stickers
};

}  // namespace whatsapp::message
