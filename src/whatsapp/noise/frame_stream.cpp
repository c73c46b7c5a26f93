#include "whatsapp/noise/frame_stream.h"

#include <algorithm>

namespace whatsapp::noise {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::Result;

// 'E' 'D' 00 01, then three bytes of length and the routing info.
constexpr base::FixedBytes<4> kRoutingIntro{0x45, 0x44, 0x00, 0x01};
constexpr std::size_t kMaxReceivedRoutingInfo = 64 * 1024;
constexpr std::size_t kKeptCapacity = 64 * 1024;  // a larger buffer is given back once it is empty

/// Whether `received` begins as `expected` does, as far as it goes.
bool agrees_with(ByteView received, ByteView expected) {
  const std::size_t common = std::min(received.size(), expected.size());
  return std::ranges::equal(received.first(common), expected.first(common));
}

/// The prologue that begins with `intro_size` bytes of routing; nothing if more is needed.
Result<std::optional<ReceivedPrologue>> read_header(ByteView received, std::size_t intro_size,
                                                    ByteView routing_info) {
  const ByteView header = received.subspan(intro_size);
  if (!agrees_with(header, kConnectionHeader))
    return base::fail(ErrorCode::kMalformed, "not a connection header");
  if (header.size() < kConnectionHeader.size()) return std::nullopt;
  return ReceivedPrologue{base::to_bytes(routing_info), intro_size + kConnectionHeader.size()};
}

}  // namespace

base::Bytes prologue(ByteView routing_info) {
  if (routing_info.empty() || routing_info.size() > kMaxFramePayload)
    return base::to_bytes(kConnectionHeader);
  return base::concat(kRoutingIntro, base::big_endian<3>(routing_info.size()), routing_info,
                      kConnectionHeader);
}

Result<std::optional<ReceivedPrologue>> read_prologue(ByteView received) {
  if (received.empty()) return std::nullopt;
  if (received[0] != kRoutingIntro[0]) return read_header(received, 0, {});
  if (!agrees_with(received, kRoutingIntro))
    return base::fail(ErrorCode::kMalformed, "not a connection header");
  constexpr std::size_t kInfoStart = kRoutingIntro.size() + kFrameHeaderSize;
  if (received.size() < kInfoStart) return std::nullopt;
  const std::size_t size = base::read_big_endian(received.subspan(kRoutingIntro.size(), kFrameHeaderSize));
  if (size > kMaxReceivedRoutingInfo) return base::fail(ErrorCode::kLimit, "routing info too long");
  if (received.size() < kInfoStart + size) return std::nullopt;
  return read_header(received, kInfoStart + size, received.subspan(kInfoStart, size));
}

Result<void> append_frame(base::Bytes& out, ByteView payload) {
  if (payload.size() > kMaxFramePayload) return base::fail(ErrorCode::kLimit, "frame too long");
  base::append(out, base::big_endian<kFrameHeaderSize>(payload.size()));
  base::append(out, payload);
  return {};
}

void FrameReader::push(ByteView chunk) {
  if (taken_ == buffer_.size()) {
    if (buffer_.capacity() > kKeptCapacity) buffer_ = {};
    buffer_.clear();
  } else if (taken_ > 0) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  }
  taken_ = 0;
  base::append(buffer_, chunk);
}

Result<std::optional<base::MutableByteView>> FrameReader::next() {
  const base::MutableByteView rest = base::MutableByteView{buffer_}.subspan(taken_);
  if (rest.size() < kFrameHeaderSize) return std::nullopt;
  const std::size_t size = base::read_big_endian(rest.first(kFrameHeaderSize));
  if (size > max_payload_) return base::fail(ErrorCode::kLimit, "frame too long");
  if (rest.size() - kFrameHeaderSize < size) return std::nullopt;
  taken_ += kFrameHeaderSize + size;
  return rest.subspan(kFrameHeaderSize, size);
}

}  // namespace whatsapp::noise
