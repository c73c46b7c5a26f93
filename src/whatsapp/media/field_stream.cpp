#include "whatsapp/media/field_stream.h"

#include <algorithm>
#include <array>

namespace whatsapp::media {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Result;

constexpr std::size_t kBufferSize = 64 * 1024;
constexpr std::size_t kLongestVarint = 10;
constexpr std::size_t kDeepestGroup = 64;
constexpr std::uint64_t kLargestFieldNumber = (1U << 29) - 1;

std::unexpected<base::Error> malformed(const char* what) { return base::fail(ErrorCode::kMalformed, what); }

void append_varint(Bytes& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_tag(Bytes& out, FieldTag tag) {
  append_varint(out, (std::uint64_t{tag.number} << 3) | static_cast<std::uint64_t>(tag.type));
}

std::size_t fixed_size(WireType type) { return type == WireType::kFixed64 ? 8 : 4; }

}  // namespace

void append_bytes_field(Bytes& serialised, std::uint32_t number, ByteView value) {
  append_tag(serialised, {.number = number, .type = WireType::kBytes});
  append_varint(serialised, value.size());
  base::append(serialised, value);
}

FieldStream::FieldStream(ByteSource& source) : source_(source), buffer_(kBufferSize) {}

Result<bool> FieldStream::at_end(std::uint64_t end) {
  if (end != kEndOfSource) return position() == end;
  if (next_ < filled_) return false;
  WA_TRY(const bool more, fill());
  return !more;
}

Result<FieldTag> FieldStream::read_tag(std::uint64_t end) {
  WA_TRY(const std::uint64_t value, read_varint(end));
  const std::uint64_t number = value >> 3;
  const std::uint64_t type = value & 7;
  if (number == 0 || number > kLargestFieldNumber) return malformed("protobuf: no such field number");
  if (type > static_cast<std::uint64_t>(WireType::kFixed32)) return malformed("protobuf: no such wire type");
  return FieldTag{.number = static_cast<std::uint32_t>(number), .type = static_cast<WireType>(type)};
}

Result<std::uint64_t> FieldStream::read_varint(std::uint64_t end) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLongestVarint; ++i) {
    WA_TRY(const std::uint8_t byte, read_byte(end));
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80) return value;
  }
  return malformed("protobuf: varint too long");
}

Result<std::uint64_t> FieldStream::read_length(std::uint64_t end) {
  WA_TRY(const std::uint64_t length, read_varint(end));
  if (length > end - position()) return malformed("protobuf: field longer than the message around it");
  return length;
}

Result<void> FieldStream::read_bytes(std::uint64_t end, std::size_t limit, Bytes& out) {
  WA_TRY(const std::uint64_t length, read_length(end));
  if (out.size() > limit || length > limit - out.size())
    return base::fail(ErrorCode::kLimit, "protobuf: field longer than allowed");
  out.reserve(out.size() + static_cast<std::size_t>(length));
  return take(length, end, &out);
}

Result<void> FieldStream::skip_value(FieldTag tag, std::uint64_t end) {
  switch (tag.type) {
    case WireType::kVarint: {
      WA_TRY_VOID(read_varint(end));
      return {};
    }
    case WireType::kFixed64:
    case WireType::kFixed32:
      return take(fixed_size(tag.type), end, nullptr);
    case WireType::kBytes: {
      WA_TRY(const std::uint64_t length, read_length(end));
      return take(length, end, nullptr);
    }
    case WireType::kGroupBegin:
      return skip_group(tag.number, end);
    case WireType::kGroupEnd:
      break;
  }
  return malformed("protobuf: a group ends that did not begin");
}

Result<void> FieldStream::copy_field(FieldTag tag, std::uint64_t end, std::size_t limit, Bytes& out) {
  if (tag.type == WireType::kGroupBegin || tag.type == WireType::kGroupEnd) return skip_value(tag, end);
  if (out.size() > limit) return base::fail(ErrorCode::kLimit, "protobuf: more fields than allowed");
  if (tag.type == WireType::kBytes) {
    Bytes value;
    WA_TRY_VOID(read_bytes(end, limit - out.size(), value));
    append_bytes_field(out, tag.number, value);
    return {};
  }
  append_tag(out, tag);
  if (tag.type != WireType::kVarint) return take(fixed_size(tag.type), end, &out);
  WA_TRY(const std::uint64_t value, read_varint(end));
  append_varint(out, value);
  return {};
}

/// Groups nest; the stack has the numbers of those that are open.
Result<void> FieldStream::skip_group(std::uint32_t number, std::uint64_t end) {
  std::array<std::uint32_t, kDeepestGroup> open{};
  std::size_t depth = 0;
  open[depth++] = number;
  while (depth > 0) {
    WA_TRY(const FieldTag tag, read_tag(end));
    if (tag.type == WireType::kGroupBegin) {
      if (depth == kDeepestGroup) return base::fail(ErrorCode::kLimit, "protobuf: groups too deep");
      open[depth++] = tag.number;
    } else if (tag.type == WireType::kGroupEnd) {
      if (open[--depth] != tag.number) return malformed("protobuf: another group ends than began");
    } else {
      WA_TRY_VOID(skip_value(tag, end));
    }
  }
  return {};
}

Result<bool> FieldStream::fill() {
  WA_TRY(const std::size_t count, source_.read(buffer_));
  next_ = 0;
  filled_ = count;
  taken_from_source_ += count;
  return count > 0;
}

Result<std::uint8_t> FieldStream::read_byte(std::uint64_t end) {
  if (position() >= end) return malformed("protobuf: field longer than the message around it");
  if (next_ == filled_) {
    WA_TRY(const bool more, fill());
    if (!more) return malformed("protobuf: cut short");
  }
  return buffer_[next_++];
}

Result<void> FieldStream::take(std::uint64_t count, std::uint64_t end, Bytes* out) {
  if (count > end - position()) return malformed("protobuf: field longer than the message around it");
  while (count > 0) {
    if (next_ == filled_) {
      WA_TRY(const bool more, fill());
      if (!more) return malformed("protobuf: cut short");
    }
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(count, filled_ - next_));
    if (out != nullptr) base::append(*out, ByteView{buffer_}.subspan(next_, piece));
    next_ += piece;
    count -= piece;
  }
  return {};
}

}  // namespace whatsapp::media
