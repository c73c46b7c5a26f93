#include "connection/qr_image.h"

#include <png.h>
#include <qrencode.h>

#include <memory>
#include <vector>

#include "base/encoding.h"

namespace worker {
namespace {

constexpr int kQuietZone = 4;  // modules, as the standard asks
constexpr int kModulePixels = 6;

using Code = std::unique_ptr<QRcode, decltype(&QRcode_free)>;

base::Result<Code> encode(std::string_view text) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  Code code{QRcode_encodeData(static_cast<int>(text.size()), bytes, 0, QR_ECLEVEL_L), &QRcode_free};
  if (!code) return base::fail(base::ErrorCode::kLimit, "the text does not fit a QR code");
  return code;
}

/// Dark modules; everything outside the code is quiet zone.
bool is_dark(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return false;
  return (code.data[y * code.width + x] & 1) != 0;
}

std::vector<png_byte> grey_pixels(const QRcode& code, int side) {
  std::vector<png_byte> pixels(static_cast<std::size_t>(side) * static_cast<std::size_t>(side), 255);
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      if (is_dark(code, x / kModulePixels - kQuietZone, y / kModulePixels - kQuietZone))
        pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(side) + static_cast<std::size_t>(x)] =
            0;
  return pixels;
}

}  // namespace

base::Result<std::string> qr_data_url(std::string_view text) {
  WA_TRY(const Code code, encode(text));
  const int side = (code->width + 2 * kQuietZone) * kModulePixels;
  const auto pixels = grey_pixels(*code, side);

  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr) == 0)
    return base::fail(base::ErrorCode::kIo, "the QR image cannot be encoded");
  base::Bytes png(size);
  if (png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr) == 0)
    return base::fail(base::ErrorCode::kIo, "the QR image cannot be encoded");
  png.resize(size);
  return "data:image/png;base64," + base::to_base64(png);
}

base::Result<std::string> qr_terminal(std::string_view text) {
  WA_TRY(const Code code, encode(text));
  std::string out;
  // Two modules a character: light modules are drawn, the dark background shows through as dark.
  for (int y = -kQuietZone / 2; y < code->width + kQuietZone / 2; y += 2) {
    for (int x = -kQuietZone / 2; x < code->width + kQuietZone / 2; ++x) {
      const bool upper = !is_dark(*code, x, y);
      const bool lower = !is_dark(*code, x, y + 1);
      out += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    out += '\n';
  }
  return out;
}

}  // namespace worker
