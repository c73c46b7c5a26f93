// RFC 6455 frames from the server's side of the wire: takes masked frames apart as they come, and puts
// unmasked ones together. Pure: no sockets here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace runtime {

/// What a peer's frames say. Told in the order of the wire.
class WebSocketFrameSink {
 public:
  virtual ~WebSocketFrameSink() = default;
  /// Payload of a text, binary or continuation frame; any number of calls per message.
  virtual void on_payload(base::ByteView bytes) = 0;
  virtual void on_ping(std::string_view payload) = 0;
  /// `code` is 1005 when the peer gave none. No frame after it counts.
  virtual void on_close(int code) = 0;
};

/// Takes the frames of a client apart without copying payloads.
class WebSocketFrameReader {
 public:
  explicit WebSocketFrameReader(std::size_t max_message) : max_message_(max_message) {}

  /// Unmasks in place. An error ends the connection; `detail` is the close code for the peer: 1002 for
  /// a breach of the protocol, 1009 for a message over the limit.
  base::Result<void> feed(base::MutableByteView bytes, WebSocketFrameSink& sink);

 private:
  enum class State : std::uint8_t { kHeader, kPayload, kClosed };

  base::Result<void> on_header();
  base::Result<void> check_opcode(bool final);
  base::Result<void> on_control_end(WebSocketFrameSink& sink);
  [[nodiscard]] std::size_t header_size() const;
  [[nodiscard]] bool is_control() const { return (opcode_ & 8) != 0; }

  std::size_t max_message_;
  std::uint64_t message_size_ = 0;  // bytes announced of the message so far
  std::uint64_t payload_left_ = 0;
  std::string control_;  // payload of a control frame, at most 125 bytes
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_filled_ = 0;
  std::uint8_t opcode_ = 0;
  std::uint8_t mask_at_ = 0;
  State state_ = State::kHeader;
  bool inside_message_ = false;  // a continuation may follow
};

enum class WebSocketOpcode : std::uint8_t { kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// One whole frame, unmasked, as servers send them.
std::string web_socket_frame(WebSocketOpcode opcode, base::ByteView payload);
std::string web_socket_close_frame(int code);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key; kMalformed when the key is not 16 bytes of base64.
base::Result<std::string> web_socket_accept(std::string_view key);

}  // namespace runtime
