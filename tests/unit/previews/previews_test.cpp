// The parts of looking that need no fence, on files made here.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "previews/film.h"
#include "previews/pages.h"
#include "previews/picture.h"
#include "previews/sound.h"

using base::Bytes;
using base::ErrorCode;
using namespace previews;

namespace {

Picture stripes(std::uint32_t width, std::uint32_t height) {
  Picture out{width, height, Bytes(std::size_t{width} * height * 4)};
  for (std::size_t i = 0; i < out.pixels.size(); i += 4) {
    out.pixels[i] = static_cast<std::uint8_t>(i / 4 % width < width / 2 ? 250 : 10);
    out.pixels[i + 3] = 255;
  }
  return out;
}

/// A file in memory with these bytes.
class MemoryFile {
 public:
  explicit MemoryFile(base::ByteView bytes) : descriptor_(::memfd_create("preview", MFD_CLOEXEC)) {
    REQUIRE(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::lseek(descriptor_, 0, SEEK_SET);
  }
  ~MemoryFile() { ::close(descriptor_); }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

Bytes box(std::string_view name, const Bytes& body) {
  Bytes out;
  base::append(out, base::big_endian<4>(static_cast<std::uint32_t>(body.size() + 8)));
  base::append(out, base::as_bytes(name));
  base::append(out, body);
  return out;
}

Bytes movie_of(std::uint32_t units_per_second, std::uint32_t units, std::uint32_t width,
               std::uint32_t height) {
  Bytes mvhd(100, 0);
  for (int i = 0; i < 4; ++i) {
    mvhd[static_cast<std::size_t>(12 + i)] = static_cast<std::uint8_t>(units_per_second >> (24 - 8 * i));
    mvhd[static_cast<std::size_t>(16 + i)] = static_cast<std::uint8_t>(units >> (24 - 8 * i));
  }
  Bytes tkhd(84, 0);
  tkhd[84 - 44 + 1] = 1;  // matrix a = 1.0
  tkhd[84 - 8] = static_cast<std::uint8_t>(width >> 8);
  tkhd[84 - 7] = static_cast<std::uint8_t>(width);
  tkhd[84 - 4] = static_cast<std::uint8_t>(height >> 8);
  tkhd[84 - 3] = static_cast<std::uint8_t>(height);
  Bytes moov = box("mvhd", mvhd);
  base::append(moov, box("trak", box("tkhd", tkhd)));
  Bytes file = box("ftyp", {'i', 's', 'o', 'm'});
  base::append(file, box("moov", moov));
  return file;
}

}  // namespace

TEST_CASE("a picture is shrunk to the longer edge, never enlarged") {
  const Picture small = shrunk(stripes(400, 200), kThumbnailEdge);
  CHECK(small.width == 100);
  CHECK(small.height == 50);
  CHECK(shrunk(stripes(30, 20), kThumbnailEdge).width == 30);
  CHECK(shrunk(stripes(4'000, 1), kThumbnailEdge).height == 1);
}

TEST_CASE("what is encoded as JPEG is read back as that size") {
  const Bytes jpeg = encode_jpeg(stripes(64, 32), 70);
  CHECK(kind_of(jpeg) == FileKind::kJpeg);
  const auto size = picture_size(FileKind::kJpeg, jpeg).value();
  CHECK(size.width == 64);
  CHECK(size.height == 32);
  const auto back = decode_picture(FileKind::kJpeg, jpeg).value();
  CHECK(back.pixels[0] > 200);
  CHECK(back.pixels[63 * 4] < 60);
}

TEST_CASE("a photo taken sideways is shown upright") {
  // APP1 with a TIFF block of one entry: orientation 6 (turn right).
  const Bytes exif{0xFF, 0xE1, 0x00, 0x22, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0,    0, 0, 8,
                   0,    1,    0x01, 0x12, 0,   3,   0,   0,   0, 1, 0,   6,   0, 0,  0x00, 0, 0, 0};
  Bytes jpeg = encode_jpeg(stripes(64, 32), 90);
  jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
  CHECK(exif_orientation(jpeg) == 6);
  const auto shown = decode_picture(FileKind::kJpeg, jpeg).value();
  CHECK(shown.width == 32);
  CHECK(shown.height == 64);
  CHECK(shown.pixels[0] > 200);  // the left half is now the top
  CHECK(shown.pixels[shown.pixels.size() - 4] < 60);
}

TEST_CASE("a sticker is a WebP square of 512 pixels, the picture in its middle") {
  const Bytes sticker = encode_sticker(stripes(300, 100)).value();
  CHECK(kind_of(sticker) == FileKind::kWebp);
  const auto back = decode_picture(FileKind::kWebp, sticker).value();
  CHECK(back.width == kStickerEdge);
  CHECK(back.pixels[3] == 0);  // transparent corner
}

TEST_CASE("pictures that claim too much or are cut off are refused") {
  Bytes jpeg = encode_jpeg(stripes(64, 32), 70);
  const auto frame = std::ranges::search(jpeg, std::array<std::uint8_t, 2>{0xFF, 0xC0}).begin();
  for (int i = 5; i < 9; ++i) frame[i] = 0xFF;  // 65535 × 65535
  CHECK(picture_size(FileKind::kJpeg, jpeg).error().code == ErrorCode::kLimit);
  CHECK_FALSE(decode_picture(FileKind::kPng, base::as_bytes("\x89PNG\r\n\x1A\n nothing more")));
  CHECK_FALSE(decode_picture(FileKind::kWebp, base::as_bytes("RIFF....WEBPVP8 ")));
}

TEST_CASE("damaged pictures are decoded or refused, never more") {
  std::mt19937 dice(7);
  const Bytes jpeg = encode_jpeg(stripes(64, 64), 70);
  const Bytes webp = encode_sticker(stripes(64, 64)).value();
  for (int round = 0; round < 300; ++round) {
    for (const auto& [kind, good] : {std::pair{FileKind::kJpeg, jpeg}, std::pair{FileKind::kWebp, webp}}) {
      Bytes bad = good;
      for (int i = 0; i < 8; ++i) bad[dice() % bad.size()] = static_cast<std::uint8_t>(dice());
      bad.resize(dice() % bad.size() + 1);
      (void)decode_picture(kind, bad);
    }
  }
}

TEST_CASE("the waveform has 64 bars up to 100, whatever the length") {
  for (const std::size_t seconds : {0u, 1u, 7u, 700u}) {
    LoudnessMeter meter(16'000);
    std::vector<std::int16_t> second(16'000);
    for (std::size_t i = 0; i < seconds; ++i) {
      const double loud = i < seconds / 2 ? 3'000 : 30'000;
      for (std::size_t n = 0; n < second.size(); ++n)
        second[n] =
            static_cast<std::int16_t>(loud * std::sin(2 * std::numbers::pi * 440 * double(n) / 16'000));
      meter.add(second);
    }
    const auto shape = meter.shape();
    CHECK(shape.seconds == seconds);
    REQUIRE(shape.waveform.size() == kBars);
    CHECK(std::ranges::max(shape.waveform) == (seconds == 0 ? 0 : 100));
    if (seconds > 60) CHECK(shape.waveform[5] == doctest::Approx(10).epsilon(0.2));
  }
}

TEST_CASE("a film's length and size are in its boxes") {
  const MemoryFile file(movie_of(600, 600 * 42 + 300, 1'280, 720));
  const auto shape = film_shape(file.descriptor()).value();
  CHECK(shape.seconds == 42);
  CHECK(shape.width == 1'280);
  CHECK(shape.height == 720);
}

TEST_CASE("boxes that lie about their size are refused") {
  Bytes film = movie_of(600, 600, 16, 16);
  for (std::size_t at = 0; at < film.size(); ++at) {
    Bytes bad = film;
    bad[at] ^= 0xFF;
    const MemoryFile file(bad);
    (void)film_shape(file.descriptor());
  }
  const MemoryFile empty(Bytes{});
  CHECK_FALSE(film_shape(empty.descriptor()));
}

TEST_CASE("pages of a document are counted, also across reads") {
  std::string text = "%PDF-1.4 << /Type /Pages /Count 3 >> ";
  text.append(65'536 - text.size() - 4, ' ');
  text += "/Count 17 /Kids [] >>";
  const MemoryFile file(base::as_bytes(text));
  CHECK(pdf_pages(file.descriptor()) == 17);
  const MemoryFile none(base::as_bytes("%PDF-1.7 compressed"));
  CHECK(pdf_pages(none.descriptor()) == 0);
}
