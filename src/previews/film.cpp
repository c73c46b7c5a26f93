#include "previews/film.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"

namespace previews {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kMostBoxes = 10'000;

struct Box {
  std::string_view type() const { return {name.data(), name.size()}; }
  std::array<char, 4> name{};
  std::uint64_t body = 0, end = 0;  // offsets in the file
};

class BoxReader {
 public:
  explicit BoxReader(int file) : file_(file) {}

  [[nodiscard]] std::optional<std::uint64_t> number(std::uint64_t at, std::size_t size) const {
    std::array<std::uint8_t, 8> bytes{};
    if (::pread(file_, bytes.data(), size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
      return std::nullopt;
    return base::read_big_endian(base::ByteView{bytes}.first(size));
  }

  /// The box at `at`, within [at, end).
  [[nodiscard]] std::optional<Box> box(std::uint64_t at, std::uint64_t end) {
    if (++seen_ > kMostBoxes || at + 8 > end) return std::nullopt;
    auto size = number(at, 4);
    Box out;
    if (!size || ::pread(file_, out.name.data(), 4, static_cast<off_t>(at + 4)) != 4) return std::nullopt;
    out.body = at + 8;
    if (*size == 1) {
      size = number(at + 8, 8);
      out.body += 8;
    } else if (*size == 0) {
      size = end - at;
    }
    if (!size || *size < out.body - at || *size > end - at) return std::nullopt;
    out.end = at + *size;
    return out;
  }

  std::optional<Box> find(std::string_view type, std::uint64_t at, std::uint64_t end) {
    while (auto found = box(at, end)) {
      if (found->type() == type) return found;
      at = found->end;
    }
    return std::nullopt;
  }

 private:
  int file_;
  int seen_ = 0;
};

/// mvhd: version, flags, then times of 4 or 8 bytes, the units per second, the duration in units.
std::uint32_t seconds_of(const BoxReader& reader, const Box& mvhd) {
  const bool wide = reader.number(mvhd.body, 1).value_or(0) == 1;
  const auto scale = reader.number(mvhd.body + (wide ? 20 : 12), 4);
  const auto duration = reader.number(mvhd.body + (wide ? 24 : 16), wide ? 8 : 4);
  if (!scale || *scale == 0 || !duration) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(*duration / *scale, 1'000'000));
}

/// tkhd ends with a 3 × 3 matrix (36 bytes) and width and height as 16.16 numbers.
void read_track(const BoxReader& reader, const Box& tkhd, FilmShape& shape) {
  if (tkhd.end < tkhd.body + 52) return;
  auto width = reader.number(tkhd.end - 8, 4).value_or(0) >> 16;
  auto height = reader.number(tkhd.end - 4, 4).value_or(0) >> 16;
  const auto turned = reader.number(tkhd.end - 44, 4).value_or(0x10000) == 0;  // matrix a: 0 when at 90°
  if (turned) std::swap(width, height);
  if (width * height <= std::uint64_t{shape.width} * shape.height) return;
  shape.width = static_cast<std::uint32_t>(width);
  shape.height = static_cast<std::uint32_t>(height);
}

}  // namespace

Result<FilmShape> film_shape(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return fail(ErrorCode::kIo, "the file cannot be read");
  BoxReader reader(file);
  const auto moov = reader.find("moov", 0, static_cast<std::uint64_t>(status.st_size));
  const auto mvhd = moov ? reader.find("mvhd", moov->body, moov->end) : std::nullopt;
  if (!mvhd) return fail(ErrorCode::kMalformed, "the film's index cannot be read");
  FilmShape shape;
  shape.seconds = seconds_of(reader, *mvhd);
  for (std::uint64_t at = moov->body; const auto box = reader.box(at, moov->end); at = box->end) {
    if (box->type() != "trak") continue;
    if (const auto tkhd = reader.find("tkhd", box->body, box->end)) read_track(reader, *tkhd, shape);
  }
  return shape;
}

}  // namespace previews
