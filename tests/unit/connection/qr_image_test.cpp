#include "connection/qr_image.h"

#include <doctest/doctest.h>
#include <png.h>
#include <qrencode.h>

#include <vector>

#include "base/encoding.h"

TEST_CASE("the data URL is a PNG of the code, every module in its place inside a white quiet zone") {
  const std::string text = "https://example.test/#ref,AAAA,BBBB,CCCC,1";
  const auto url = worker::qr_data_url(text);
  REQUIRE(url);
  const std::string prefix = "data:image/png;base64,";
  REQUIRE(url->starts_with(prefix));
  const auto png = base::from_base64(url->substr(prefix.size()));
  REQUIRE(png);

  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, png->data(), png->size()) != 0);
  image.format = PNG_FORMAT_GRAY;
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);

  QRcode* code = QRcode_encodeData(static_cast<int>(text.size()),
                                   reinterpret_cast<const unsigned char*>(text.data()), 0, QR_ECLEVEL_L);
  REQUIRE(code != nullptr);
  const int modules = static_cast<int>(image.width) / 6;
  CHECK(modules == code->width + 8);
  int wrong = 0;
  for (int y = 0; y < modules; ++y)
    for (int x = 0; x < modules; ++x) {
      const int cx = x - 4, cy = y - 4;
      const bool inside = cx >= 0 && cy >= 0 && cx < code->width && cy < code->width;
      const bool dark = inside && (code->data[cy * code->width + cx] & 1) != 0;
      const auto pixel =
          pixels[static_cast<std::size_t>(y * 6 + 3) * image.width + static_cast<std::size_t>(x * 6 + 3)];
      wrong += (pixel == 0) != dark ? 1 : 0;
    }
  CHECK(wrong == 0);
  QRcode_free(code);
}

TEST_CASE("a text longer than any QR code is refused") {
  const auto url = worker::qr_data_url(std::string(4000, 'x'));
  REQUIRE_FALSE(url);
  CHECK(url.error().code == base::ErrorCode::kLimit);
}
