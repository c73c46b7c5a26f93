#include "whatsapp/noise/frame_stream.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"
#include "unit/whatsapp/noise/test_keys.h"

using namespace whatsapp::noise;
using base::Bytes;
using base::ByteView;
using noise_test::hex;

namespace {

Bytes joined(const std::vector<Bytes>& frames) {
  Bytes out;
  for (const Bytes& frame : frames) REQUIRE(append_frame(out, frame).has_value());
  return out;
}

void take_all(FrameReader& reader, std::vector<Bytes>& out) {
  for (;;) {
    const auto frame = reader.next();
    REQUIRE(frame.has_value());
    if (!*frame) return;
    out.push_back(base::to_bytes(**frame));
  }
}

/// What a reader hands out when the stream comes in pieces of the sizes that `next_size` says.
template <class NextSize>
std::vector<Bytes> read_in_pieces(const Bytes& stream, NextSize next_size) {
  FrameReader reader;
  std::vector<Bytes> out;
  ByteView rest{stream};
  while (!rest.empty()) {
    const std::size_t size = std::min<std::size_t>(rest.size(), next_size());
    reader.push(rest.first(size));
    rest = rest.subspan(size);
    take_all(reader, out);
  }
  CHECK(reader.pending() == 0);
  return out;
}

}  // namespace

TEST_CASE("the prologue is the header, with routing info in front of it if there is some") {
  CHECK(base::to_hex(prologue()) == "57410603");
  CHECK(base::to_hex(prologue(hex("0802080c"))) ==
        "4544000100000408"
        "02080c57410603");
  Bytes wire = prologue(hex("0802080c"));
  REQUIRE(append_frame(wire, hex("aabb")).has_value());
  CHECK(base::to_hex(wire) == "454400010000040802080c57410603000002aabb");
  CHECK(prologue(Bytes(std::size_t{1} << 24)) == prologue());
}

TEST_CASE("a server reads both prologues however they are cut, and refuses anything else") {
  for (const Bytes& routing : {Bytes{}, hex("0802080c")}) {
    Bytes received = prologue(routing);
    const std::size_t size = received.size();
    base::append(received, hex("000001ff"));
    for (std::size_t cut = 0; cut <= received.size(); ++cut) {
      const auto read = read_prologue(ByteView{received}.first(cut));
      REQUIRE(read.has_value());
      CHECK(read->has_value() == (cut >= size));
      if (*read) CHECK((*read)->size == size);
      if (*read) CHECK((*read)->routing_info == routing);
    }
  }
  CHECK_FALSE(read_prologue(hex("57410602")).has_value());
  CHECK_FALSE(read_prologue(hex("58")).has_value());
  CHECK_FALSE(read_prologue(hex("45440002")).has_value());
  CHECK_FALSE(read_prologue(hex("45440001000001ff5840")).has_value());
  CHECK(read_prologue(hex("45440001ffffff")).error().code == base::ErrorCode::kLimit);
}

TEST_CASE("frames come out the same wherever the stream is cut") {
  base::SeededRandom random{5};
  const std::vector<Bytes> small{random.bytes(0), random.bytes(1), random.bytes(2), random.bytes(0),
                                 random.bytes(40)};
  const Bytes stream = joined(small);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    bool first = true;
    CHECK(read_in_pieces(stream, [&] {
            const std::size_t size = first && cut > 0 ? cut : stream.size();
            first = false;
            return size;
          }) == small);
  }
  CHECK(read_in_pieces(stream, [] { return 1; }) == small);
}

TEST_CASE("large frames survive random cuts, inside the length and across several frames") {
  base::SeededRandom random{6};
  const std::vector<Bytes> frames{random.bytes(65535),   random.bytes(65536), random.bytes(3),
                                  random.bytes(1 << 20), random.bytes(0),     random.bytes(17)};
  const Bytes stream = joined(frames);
  for (const std::size_t largest : {2000UL, 100'000UL, 3'000'000UL})
    CHECK(read_in_pieces(stream, [&] { return 1 + random.below(largest); }) == frames);
}

TEST_CASE("a frame longer than allowed is refused as soon as its length is known") {
  FrameReader reader{100};
  reader.push(hex("000064"));
  REQUIRE(reader.next().has_value());
  FrameReader strict{100};
  strict.push(hex("000065"));
  CHECK(strict.next().error().code == base::ErrorCode::kLimit);

  Bytes out;
  CHECK(append_frame(out, Bytes(kMaxFramePayload + 1)).error().code == base::ErrorCode::kLimit);
  CHECK(out.empty());
  CHECK(append_frame(out, Bytes(kMaxFramePayload)).has_value());
}

TEST_CASE("a frame may be changed in place without touching the next one") {
  FrameReader reader;
  reader.push(hex("00000201020000020304"));
  auto first = reader.next().value().value();
  std::fill(first.begin(), first.end(), std::uint8_t{0xff});
  CHECK(base::to_bytes(reader.next().value().value()) == hex("0304"));
}
