#include "runtime/web_socket_frames.h"

#include <doctest/doctest.h>

#include <string>

using runtime::WebSocketFrameReader;

namespace {

struct Record final : runtime::WebSocketFrameSink {
  void on_payload(base::ByteView bytes) override { payload += base::as_text(bytes); }
  void on_ping(std::string_view text) override { pings += std::string{text} + ";"; }
  void on_close(int close_code) override { code = close_code; }
  std::string payload, pings;
  int code = 0;
};

std::string masked_frame(int first_byte, const std::string& payload) {
  const std::string mask = "\x11\x22\x33\x44";
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(0x80 | 126);
    frame += base::as_text(base::big_endian<2>(payload.size()));
  } else {
    frame += static_cast<char>(0x80 | 127);
    frame += base::as_text(base::big_endian<8>(payload.size()));
  }
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}

base::Result<void> feed(WebSocketFrameReader& reader, std::string wire, Record& record, std::size_t step) {
  for (std::size_t at = 0; at < wire.size(); at += step) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(wire.data()) + at;
    const auto fed = reader.feed({bytes, std::min(step, wire.size() - at)}, record);
    if (!fed) return fed;
  }
  return {};
}

}  // namespace

TEST_CASE("frames of every length form are unmasked, however they are cut") {
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65'535u, 65'536u}) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7);
    for (const std::size_t step : {1u, 3u, 1'000'000u}) {
      WebSocketFrameReader reader(1 << 20);
      Record record;
      REQUIRE(
          feed(reader, masked_frame(0x82, payload) + masked_frame(0x82, "end"), record, step).has_value());
      CHECK(record.payload == payload + "end");
    }
  }
}

TEST_CASE("control frames come between fragments without disturbing them") {
  WebSocketFrameReader reader(100);
  Record record;
  const std::string wire = masked_frame(0x02, "one ") + masked_frame(0x89, "hey") +
                           masked_frame(0x00, "two ") + masked_frame(0x8a, "pong") +
                           masked_frame(0x80, "three") + masked_frame(0x88, std::string("\x03\xe8why", 5)) +
                           "ignored";
  REQUIRE(feed(reader, wire, record, 2).has_value());
  CHECK(record.payload == "one two three");
  CHECK(record.pings == "hey;");
  CHECK(record.code == 1000);
}

TEST_CASE("a message is measured over all of its fragments") {
  Record record;
  WebSocketFrameReader exact(10);
  CHECK(feed(exact, masked_frame(0x02, "12345") + masked_frame(0x80, "67890"), record, 100).has_value());
  WebSocketFrameReader over(10);
  const auto fed = feed(over, masked_frame(0x02, "12345") + masked_frame(0x80, "678901"), record, 100);
  REQUIRE(!fed);
  CHECK(fed.error().code == base::ErrorCode::kLimit);
  CHECK(fed.error().detail == 1009);
}

TEST_CASE("an absurd length is refused before a byte of it comes") {
  WebSocketFrameReader reader(1000);
  Record record;
  const auto fed =
      feed(reader, std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14), record, 14);
  REQUIRE(!fed);
  CHECK(fed.error().detail == 1009);
}

TEST_CASE("our frames have the shortest length form, and the handshake is that of RFC 6455 1.3") {
  CHECK(runtime::web_socket_frame(runtime::WebSocketOpcode::kBinary, base::as_bytes("hi")) == "\x82\x02hi");
  const std::string medium(126, 'x');
  CHECK(runtime::web_socket_frame(runtime::WebSocketOpcode::kBinary, base::as_bytes(medium)).size() == 130);
  const std::string large(65'536, 'x');
  CHECK(runtime::web_socket_frame(runtime::WebSocketOpcode::kBinary, base::as_bytes(large)).size() == 65'546);
  CHECK(runtime::web_socket_close_frame(1000) == std::string("\x88\x02\x03\xe8", 4));
  CHECK(runtime::web_socket_close_frame(1005) == std::string("\x88\x00", 2));
  CHECK(runtime::web_socket_accept("dGhlIHNhbXBsZSBub25jZQ==").value() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(!runtime::web_socket_accept("bm90IHNpeHRlZW4="));
}
