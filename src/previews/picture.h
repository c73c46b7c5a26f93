// Pictures: decoded, turned upright, made small. Bounded before anything is allocated: at most 50 million
// pixels, at most 64 MiB of file.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "previews/file_kind.h"

namespace previews {

inline constexpr std::uint64_t kMostPixels = 50'000'000;
inline constexpr std::size_t kLargestPicture = 64u << 20;  // bytes of file
inline constexpr std::uint32_t kThumbnailEdge = 100;       // pixels, of the longer edge (spec 06 §7.1)
inline constexpr std::uint32_t kStickerEdge = 512;

/// Red, green, blue, alpha; row by row.
struct Picture {
  std::uint32_t width = 0, height = 0;
  base::Bytes pixels;
};

struct PictureSize {
  std::uint32_t width = 0, height = 0;
  enum class Animation { kStill, kAnimated } animation = Animation::kStill;
};

/// Without decoding. As it is shown: a JPEG that is to be turned counts turned.
base::Result<PictureSize> picture_size(FileKind kind, base::ByteView file);
/// The first frame, upright. kLimit for one too large, kMalformed for a broken one.
base::Result<Picture> decode_picture(FileKind kind, base::ByteView file);

/// Its longer edge becomes `edge`, the other in proportion, at least 1; never made larger.
Picture shrunk(const Picture& picture, std::uint32_t edge);
/// On white. Small: for thumbnails.
base::Bytes encode_jpeg(const Picture& picture, int quality);
/// In the middle of a transparent square of kStickerEdge.
base::Result<base::Bytes> encode_sticker(const Picture& picture);

/// 1 to 8; 1 when the file does not say (EXIF tag 0x0112 of a JPEG).
int exif_orientation(base::ByteView jpeg);

}  // namespace previews
