#include "whatsapp/media/inflate_source.h"

#include <doctest/doctest.h>

#include "media_bench.h"
#include "wire_bench.h"

using namespace whatsapp::media;
using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using wire_bench::Container;
using wire_bench::deflated;

namespace {

base::Result<Bytes> inflate_all(ByteView compressed, std::size_t piece = 1 << 20,
                                std::size_t room_size = 4096, InflateBounds bounds = {}) {
  media_bench::PieceSource source{compressed, piece};
  InflateSource inflated{source, bounds};
  Bytes out;
  Bytes room(room_size);
  for (;;) {
    const auto count = inflated.read(room);
    if (!count) {
      CHECK(inflated.read(room).error().code == count.error().code);
      return base::fail(count.error());
    }
    if (*count == 0) {
      CHECK(inflated.read(room).value() == 0);
      return out;
    }
    base::append(out, ByteView{room}.first(*count));
  }
}

ErrorCode failure(const base::Result<Bytes>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code;
}

}  // namespace

TEST_CASE("zlib and gzip are told apart and inflated, in pieces of every size") {
  const Bytes data = media_bench::pattern(5000);
  for (const auto container : {Container::kZlib, Container::kGzip})
    for (const std::size_t piece : {1, 2, 3, 100, 100'000})
      for (const std::size_t room : {1, 7, 5000, 9000})
        REQUIRE(inflate_all(deflated(data, container), piece, room).value() == data);
  CHECK(inflate_all(deflated({})).value().empty());
}

TEST_CASE("a stream that ends too early anywhere is refused") {
  const Bytes whole = deflated(media_bench::pattern(300));
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE(failure(inflate_all(ByteView{whole}.first(size))) == ErrorCode::kMalformed);
}

TEST_CASE("a flipped bit anywhere in a stored stream is noticed") {
  const Bytes data = media_bench::pattern(64);
  const Bytes whole = deflated(data, Container::kZlib, 0);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes damaged = whole;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto inflated = inflate_all(damaged);
    // A few header bits mean nothing to the data.
    if (inflated) REQUIRE(*inflated == data);
    if (bit >= 16 + 3 && bit < 24) continue;
    if (bit >= 16) REQUIRE_FALSE(inflated.has_value());
  }
}

TEST_CASE("what follows the end of the stream is not looked at") {
  const Bytes data = media_bench::pattern(100);
  CHECK(inflate_all(base::concat(deflated(data), Bytes(1000, 0xee))).value() == data);
}

TEST_CASE("what is neither zlib nor gzip is refused") {
  CHECK(failure(inflate_all(media_bench::pattern(100))) == ErrorCode::kMalformed);
  CHECK(failure(inflate_all({})) == ErrorCode::kMalformed);
  CHECK(failure(inflate_all(Bytes{0x78, 0xbb, 0, 0, 0, 0, 1})) == ErrorCode::kMalformed);
}

TEST_CASE("a bomb is stopped by its ratio, a flood by its length, and both before they are all out") {
  const Bytes bomb = deflated(Bytes(64 * 1024 * 1024), Container::kZlib, 9);
  MemorySource source{bomb};
  InflateSource inflated{source};
  Bytes room(65'536);
  std::size_t written = 0;
  base::Result<std::size_t> count = 0;
  for (;;) {
    count = inflated.read(room);
    if (!count || *count == 0) break;
    written += *count;
  }
  REQUIRE_FALSE(count.has_value());
  CHECK(count.error().code == ErrorCode::kLimit);
  CHECK(written <= 16 * 1024 * 1024 + 100 * bomb.size() + room.size());

  const Bytes data = media_bench::pattern(10'000);
  const Bytes stored = deflated(data, Container::kZlib, 0);
  CHECK(inflate_all(stored, 10, 64, {.total_bytes = 10'000}).value() == data);
  CHECK(failure(inflate_all(stored, 10, 64, {.total_bytes = 9'999})) == ErrorCode::kLimit);
  CHECK(failure(inflate_all(deflated(Bytes(100'000)), 10, 64, {.ratio = 100, .free_bytes = 0})) ==
        ErrorCode::kLimit);
}

TEST_CASE("a failure of the source is passed on") {
  class Broken final : public ByteSource {
    base::Result<std::size_t> read(base::MutableByteView) override {
      return base::fail(ErrorCode::kIo, "disk gone");
    }
  } broken;
  InflateSource inflated{broken};
  Bytes room(10);
  CHECK(inflated.read(room).error().code == ErrorCode::kIo);
}
