// Protobuf fields read off a source one by one, so that a record of a gigabyte needs no more memory than its
// largest field that somebody wants to see. The reader decides for each field whether to enter it as a
// message, to take it, or to skip it.
//
// What is refused, as everywhere in this program: varints over 10 bytes, field number 0, wire types 6 and 7,
// a group without its end, groups deeper than 64, and whatever reaches over the end of the message around it.
#pragma once

#include <cstdint>
#include <limits>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/media/byte_source.h"

namespace whatsapp::media {

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

struct FieldTag {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
};

class FieldStream {
 public:
  /// The end of the outermost message: where the source ends.
  static constexpr std::uint64_t kEndOfSource = std::numeric_limits<std::uint64_t>::max();

  /// `source` outlives this.
  explicit FieldStream(ByteSource& source);

  /// How many bytes have been read. The `end` of a message is in the same count.
  [[nodiscard]] std::uint64_t position() const { return taken_from_source_ - (filled_ - next_); }
  /// Whether the message that ends at `end` is over. For the outermost one this reads ahead.
  base::Result<bool> at_end(std::uint64_t end);

  base::Result<FieldTag> read_tag(std::uint64_t end);
  base::Result<std::uint64_t> read_varint(std::uint64_t end);
  /// The length in front of a kBytes value, checked against `end`.
  base::Result<std::uint64_t> read_length(std::uint64_t end);
  /// A kBytes value, appended to `out`. kLimit if `out` would become longer than `limit`.
  base::Result<void> read_bytes(std::uint64_t end, std::size_t limit, base::Bytes& out);
  /// The value of `tag`, whatever it is.
  base::Result<void> skip_value(FieldTag tag, std::uint64_t end);
  /// Tag and value as they would be serialised, appended to `out`; groups are skipped.
  base::Result<void> copy_field(FieldTag tag, std::uint64_t end, std::size_t limit, base::Bytes& out);

 private:
  base::Result<bool> fill();
  base::Result<std::uint8_t> read_byte(std::uint64_t end);
  base::Result<void> take(std::uint64_t count, std::uint64_t end, base::Bytes* out);
  base::Result<void> skip_group(std::uint32_t number, std::uint64_t end);

  ByteSource& source_;
  base::Bytes buffer_;
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t taken_from_source_ = 0;
};

/// The end of `serialised` gets a kBytes field: tag, length, value.
void append_bytes_field(base::Bytes& serialised, std::uint32_t number, base::ByteView value);

}  // namespace whatsapp::media
