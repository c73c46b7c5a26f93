#include <optional>

#include "previews/picture.h"

namespace previews {
namespace {

using base::ByteView;

/// Numbers of a TIFF block in the byte order that it names.
class Tiff {
 public:
  explicit Tiff(ByteView bytes) : bytes_(bytes) {
    little_ = bytes.size() >= 2 && bytes[0] == 'I' && bytes[1] == 'I';
  }
  [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = (value << 8) | bytes_[at + (little_ ? size - 1 - i : i)];
    return value;
  }

 private:
  ByteView bytes_;
  bool little_ = false;
};

int orientation_in(ByteView block) {
  constexpr std::uint32_t kOrientation = 0x0112;
  const Tiff tiff(block);
  const auto directory = tiff.number(4, 4);
  const auto count = directory ? tiff.number(*directory, 2) : std::nullopt;
  if (!count || *count > 512) return 1;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const std::size_t entry = std::size_t{*directory} + 2 + std::size_t{i} * 12;
    if (tiff.number(entry, 2) != kOrientation) continue;
    const auto value = tiff.number(entry + 8, 2);
    return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(ByteView jpeg) {
  constexpr std::size_t kMostSegments = 64;
  std::size_t at = 2;
  for (std::size_t i = 0; i < kMostSegments && at + 4 <= jpeg.size() && jpeg[at] == 0xFF; ++i) {
    const std::uint8_t marker = jpeg[at + 1];
    const std::size_t length = (std::size_t{jpeg[at + 2]} << 8) | jpeg[at + 3];
    if (marker == 0xDA || length < 2 || length > jpeg.size() - at - 2) return 1;
    const ByteView body = jpeg.subspan(at + 4, length - 2);
    if (marker == 0xE1 && body.size() > 14 && base::as_text(body.first(4)) == "Exif")
      return orientation_in(body.subspan(6));
    at += 2 + length;
  }
  return 1;
}

}  // namespace previews
