#include "runtime/web_socket_frames.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/encoding.h"

namespace runtime {
namespace {

constexpr int kProtocolError = 1002;
constexpr int kTooBig = 1009;
constexpr int kNoCode = 1005;
constexpr std::size_t kMaxControl = 125;

std::unexpected<base::Error> breach(const char* what) {
  return base::fail(base::ErrorCode::kMalformed, what, kProtocolError);
}

// Codes that may stand in a close frame (RFC 6455 §7.4, and the registry's 1012 to 1014).
bool is_sendable_code(int code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

std::size_t WebSocketFrameReader::header_size() const {
  if (header_filled_ < 2) return 2;
  const int length = header_[1] & 0x7f;
  return 2u + (length == 126 ? 2u : length == 127 ? 8u : 0u) + 4u;
}

base::Result<void> WebSocketFrameReader::feed(base::MutableByteView bytes, WebSocketFrameSink& sink) {
  while (state_ != State::kClosed && !bytes.empty()) {
    if (state_ == State::kHeader) {
      header_[header_filled_++] = bytes.front();
      bytes = bytes.subspan(1);
      if (header_filled_ == 2 && (header_[1] & 0x80) == 0) return breach("a client's frame is not masked");
      if (header_filled_ < header_size()) continue;
      WA_TRY_VOID(on_header());
      if (payload_left_ == 0 && is_control()) WA_TRY_VOID(on_control_end(sink));
      continue;
    }
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), payload_left_));
    const base::MutableByteView part = bytes.first(size);
    const std::uint8_t* mask = header_.data() + header_size() - 4;
    for (std::uint8_t& byte : part) byte ^= mask[mask_at_++ & 3];
    bytes = bytes.subspan(size);
    payload_left_ -= size;
    if (payload_left_ == 0) state_ = State::kHeader;
    if (is_control()) {
      control_.append(base::as_text(part));
      if (payload_left_ == 0) WA_TRY_VOID(on_control_end(sink));
    } else {
      sink.on_payload(part);
    }
    if (payload_left_ == 0) header_filled_ = 0;
  }
  return {};
}

base::Result<void> WebSocketFrameReader::on_header() {
  const bool final = (header_[0] & 0x80) != 0;
  if ((header_[0] & 0x70) != 0) return breach("reserved bits are set, but no extension was agreed");
  opcode_ = header_[0] & 0x0f;
  const base::ByteView header{header_.data(), header_size()};
  const int length = header_[1] & 0x7f;
  payload_left_ = length < 126 ? static_cast<std::uint64_t>(length)
                               : base::read_big_endian(header.subspan(2, header.size() - 6));
  WA_TRY_VOID(check_opcode(final));
  if (!is_control()) {
    message_size_ += payload_left_;
    if (payload_left_ > max_message_ || message_size_ > max_message_)
      return base::fail(base::ErrorCode::kLimit, "a message is larger than allowed", kTooBig);
    inside_message_ = !final;
    if (final) message_size_ = 0;
  }
  mask_at_ = 0;
  state_ = payload_left_ == 0 ? State::kHeader : State::kPayload;
  if (payload_left_ == 0) header_filled_ = 0;
  return {};
}

base::Result<void> WebSocketFrameReader::check_opcode(bool final) {
  switch (opcode_) {
    case 0:
      if (!inside_message_) return breach("a continuation without a message");
      return {};
    case 1:
    case 2:
      if (inside_message_) return breach("a message inside another");
      return {};
    case 8:
    case 9:
    case 10:
      if (!final || payload_left_ > kMaxControl) return breach("a control frame is fragmented or too long");
      control_.clear();
      return {};
    default:
      return breach("an unknown opcode");
  }
}

base::Result<void> WebSocketFrameReader::on_control_end(WebSocketFrameSink& sink) {
  const std::string payload = std::move(control_);
  control_.clear();
  if (opcode_ == static_cast<int>(WebSocketOpcode::kPing)) sink.on_ping(payload);
  if (opcode_ != static_cast<int>(WebSocketOpcode::kClose)) return {};
  state_ = State::kClosed;
  if (payload.empty()) {
    sink.on_close(kNoCode);
    return {};
  }
  if (payload.size() == 1) return breach("a close frame of one byte");
  const int code = static_cast<int>(base::read_big_endian(base::as_bytes(payload).first(2)));
  if (!is_sendable_code(code)) return breach("a close code that must not be sent");
  sink.on_close(code);
  return {};
}

std::string web_socket_frame(WebSocketOpcode opcode, base::ByteView payload) {
  std::string frame;
  frame.reserve(payload.size() + 10);
  frame += static_cast<char>(0x80 | static_cast<int>(opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(126);
    frame += base::as_text(base::big_endian<2>(payload.size()));
  } else {
    frame += static_cast<char>(127);
    frame += base::as_text(base::big_endian<8>(payload.size()));
  }
  frame += base::as_text(payload);
  return frame;
}

std::string web_socket_close_frame(int code) {
  if (!is_sendable_code(code)) return web_socket_frame(WebSocketOpcode::kClose, {});
  return web_socket_frame(WebSocketOpcode::kClose, base::big_endian<2>(static_cast<std::uint64_t>(code)));
}

base::Result<std::string> web_socket_accept(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
  const auto nonce = base::from_base64(key);
  if (!nonce || nonce->size() != 16)
    return base::fail(base::ErrorCode::kMalformed, "a bad Sec-WebSocket-Key");
  const std::string text = std::string{key}.append(kGuid);
  std::array<std::uint8_t, 20> digest{};
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr) != 1)
    return base::fail(base::ErrorCode::kCrypto, "SHA-1 is not available");
  return base::to_base64(digest);
}

}  // namespace runtime
