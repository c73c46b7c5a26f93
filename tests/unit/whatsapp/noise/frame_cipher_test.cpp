#include "whatsapp/noise/frame_cipher.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "unit/whatsapp/noise/test_keys.h"
#include "whatsapp/noise/frame_stream.h"

using namespace whatsapp::noise;
using base::Bytes;
using base::ErrorCode;
using noise_test::hex;

namespace {

TransportKeys known_keys() {
  return {base::Secret<32>{
              base::to_fixed<32>(hex("daf26735dbb3cc7cd7818fe9762eaef01ca73d3170276c3e3d02a9d090181c28"))},
          base::Secret<32>{
              base::to_fixed<32>(hex("e89ad0a46606de3fe3c7e96e7d7d3e9e7cbd3b7e3fe8c4e104e6ef29bb3b48f8"))}};
}

/// The payload of the one frame that seal() writes.
Bytes sealed(FrameCipher& cipher, const Bytes& plaintext) {
  Bytes wire;
  REQUIRE(cipher.seal(plaintext, wire).has_value());
  REQUIRE(base::read_big_endian(base::ByteView{wire}.first(kFrameHeaderSize)) ==
          wire.size() - kFrameHeaderSize);
  return {wire.begin() + kFrameHeaderSize, wire.end()};
}

}  // namespace

TEST_CASE("the known keys give the known frames in both directions") {
  FrameCipher client{known_keys(), Side::kClient};
  FrameCipher server{known_keys(), Side::kServer};
  const Bytes plaintext = hex("00f80102");
  CHECK(base::to_hex(sealed(client, plaintext)) == "23ca3dbced95e66eb6335e4abb2da7581c65a57f");
  CHECK(base::to_hex(sealed(client, plaintext)) == "60454b96a9fd414890e032440e4ca4df7bed7bbf");
  CHECK(base::to_hex(sealed(server, plaintext)) == "0d7149ed1e3b988b3f26fee5ae3302de93963012");
}

TEST_CASE("frames are appended behind what is already there") {
  FrameCipher client{known_keys(), Side::kClient};
  Bytes wire = hex("57410603");
  REQUIRE(client.seal(hex("00f80102"), wire).has_value());
  CHECK(base::to_hex(wire) == "5741060300001423ca3dbced95e66eb6335e4abb2da7581c65a57f");
}

TEST_CASE("flipped, replayed, skipped and reordered frames do not open") {
  FrameCipher client{known_keys(), Side::kClient};
  const Bytes first = sealed(client, hex("aa"));
  const Bytes second = sealed(client, hex("bb"));

  FrameCipher server{known_keys(), Side::kServer};
  Bytes skipped = second;
  CHECK(server.open(skipped).error().code == ErrorCode::kCrypto);
  Bytes flipped = first;
  flipped.back() ^= 1;
  CHECK(server.open(flipped).error().code == ErrorCode::kCrypto);
  Bytes good = first;
  CHECK(base::to_bytes(server.open(good).value()) == hex("aa"));
  Bytes replayed = first;
  CHECK(server.open(replayed).error().code == ErrorCode::kCrypto);
  Bytes next = second;
  CHECK(base::to_bytes(server.open(next).value()) == hex("bb"));
}

TEST_CASE("a frame shorter than a tag and one byte is malformed") {
  FrameCipher server{known_keys(), Side::kServer};
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL}) {
    Bytes payload(size);
    CHECK(server.open(payload).error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("a plaintext too long for a frame is refused and costs no counter") {
  FrameCipher client{known_keys(), Side::kClient};
  Bytes wire;
  CHECK(client.seal(Bytes(kMaxFramePayload - 15), wire).error().code == ErrorCode::kLimit);
  CHECK(wire.empty());
  CHECK(base::to_hex(sealed(client, hex("00f80102"))) == "23ca3dbced95e66eb6335e4abb2da7581c65a57f");
  CHECK_FALSE(client.should_renew());
}

TEST_CASE("the largest frame goes through") {
  FrameCipher client{known_keys(), Side::kClient};
  FrameCipher server{known_keys(), Side::kServer};
  Bytes payload = sealed(client, Bytes(kMaxFramePayload - 16, 0x5a));
  CHECK(payload.size() == kMaxFramePayload);
  const auto opened = server.open(payload);
  REQUIRE(opened.has_value());
  CHECK(opened->size() == kMaxFramePayload - 16);
}
