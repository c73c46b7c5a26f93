// Frames on a byte stream: three bytes of length, then that many bytes. A WebSocket message may hold
// several frames, a part of one, or a part of the three bytes. The client's first frame stands behind a
// prologue; everything after it, and everything from the server, does not (spec 01 §4, §5).
#pragma once

#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::noise {

inline constexpr std::size_t kFrameHeaderSize = 3;
inline constexpr std::size_t kMaxFramePayload = (std::size_t{1} << 24) - 1;

/// 'W' 'A', protocol 6, dictionary version 3: sent once, and mixed into the handshake hash.
inline constexpr base::FixedBytes<4> kConnectionHeader{0x57, 0x41, 0x06, 0x03};

/// What the client sends in front of its first frame: the routing info of an earlier connection if there
/// is some, and the connection header. Routing info too long for its length field is left out.
base::Bytes prologue(base::ByteView routing_info = {});

/// A prologue at the front of what a server has received.
struct ReceivedPrologue {
  base::Bytes routing_info;
  std::size_t size = 0;  // bytes it took
};

/// Nothing if more bytes are needed; kMalformed for anything else than a prologue, kLimit for routing
/// info above 64 KiB.
base::Result<std::optional<ReceivedPrologue>> read_prologue(base::ByteView received);

/// Appends one frame. kLimit above kMaxFramePayload.
base::Result<void> append_frame(base::Bytes& out, base::ByteView payload);

/// Reassembles frames. Keeps what was pushed and not yet taken: take all frames before pushing more, then
/// it never holds more than one frame and one chunk.
class FrameReader {
 public:
  /// Frames above `max_payload` are refused as soon as their length is known.
  explicit FrameReader(std::size_t max_payload = kMaxFramePayload) : max_payload_(max_payload) {}

  void push(base::ByteView chunk);

  /// The payload of the next complete frame, which may be decrypted in place; valid until the next call of
  /// either function. Nothing if it is not complete yet; kLimit if it is too long.
  base::Result<std::optional<base::MutableByteView>> next();

  /// Bytes pushed and not yet taken.
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - taken_; }

 private:
  std::size_t max_payload_;
  base::Bytes buffer_;
  std::size_t taken_ = 0;  // of buffer_, from its front
};

}  // namespace whatsapp::noise
