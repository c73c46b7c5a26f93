#include "whatsapp/media/field_stream.h"

#include <doctest/doctest.h>

#include "media_bench.h"
#include "wire_bench.h"

using namespace whatsapp::media;
using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using namespace wire_bench;

namespace {

/// Reads every field of a message and copies or skips it.
enum class Treatment { kCopy, kSkip };

base::Result<Bytes> walk(ByteView message, Treatment treatment, std::size_t piece = 1000) {
  media_bench::PieceSource source{message, piece};
  FieldStream fields{source};
  Bytes copied;
  for (;;) {
    WA_TRY(const bool over, fields.at_end(FieldStream::kEndOfSource));
    if (over) return copied;
    WA_TRY(const FieldTag tag, fields.read_tag(FieldStream::kEndOfSource));
    if (treatment == Treatment::kSkip) {
      WA_TRY_VOID(fields.skip_value(tag, FieldStream::kEndOfSource));
    } else {
      WA_TRY_VOID(fields.copy_field(tag, FieldStream::kEndOfSource, 1 << 20, copied));
    }
  }
}

bool refused(const Bytes& message) {
  const bool copied = walk(message, Treatment::kCopy).has_value();
  const bool skipped = walk(message, Treatment::kSkip).has_value();
  CHECK(copied == skipped);
  return !skipped;
}

Bytes nested_groups(int depth) {
  Bytes out;
  for (int i = 0; i < depth; ++i) base::append(out, tag(3, 3));
  for (int i = 0; i < depth; ++i) base::append(out, tag(3, 4));
  return out;
}

}  // namespace

TEST_CASE("fields are copied as they were, groups left out, in pieces of every size") {
  const Bytes before = base::concat(number_field(1, ~std::uint64_t{0}), text_field(2, "text"));
  const Bytes group = base::concat(tag(7, 3), number_field(1, 5), tag(9, 3), tag(9, 4), tag(7, 4));
  const Bytes after =
      base::concat(tag(3, 5), Bytes(4, 1), tag(4, 1), Bytes(8, 2), bytes_field(500'000'000, {}));
  const Bytes message = base::concat(before, group, after);
  for (std::size_t piece = 1; piece <= message.size(); ++piece) {
    REQUIRE(walk(message, Treatment::kCopy, piece).value() == base::concat(before, after));
    REQUIRE(walk(message, Treatment::kSkip, piece).has_value());
  }
}

TEST_CASE("a message that ends inside a field is refused wherever that is") {
  const Bytes message = base::concat(tag(3, 5), Bytes(4, 1), number_field(1, 300), tag(4, 1), Bytes(8, 2),
                                     text_field(2, "text"), tag(7, 3), number_field(1, 300), tag(7, 4));
  const std::size_t ends_of_fields[] = {0, 5, 8, 17, 23, 28};
  for (std::size_t size = 0; size < message.size(); ++size) {
    const bool at_border = std::ranges::find(ends_of_fields, size) != std::end(ends_of_fields);
    REQUIRE(refused(base::to_bytes(ByteView{message}.first(size))) == !at_border);
  }
}

TEST_CASE("what breaks the rules of protobuf is refused") {
  CHECK(refused(Bytes{0x00, 0x01}));                  // field number 0
  CHECK(refused(base::concat(tag(1, 6), Bytes{1})));  // no such wire type
  CHECK(refused(base::concat(tag(1, 7), Bytes{1})));
  CHECK(refused(base::concat(tag(1ULL << 29, 0), Bytes{1})));          // no such field number
  CHECK(refused(base::concat(tag(1, 0), Bytes(10, 0x80), Bytes{1})));  // 11 bytes
  CHECK_FALSE(refused(base::concat(tag(1, 0), Bytes(9, 0x80), Bytes{1})));
  CHECK(refused(base::concat(tag(1, 2), varint(~std::uint64_t{0}))));  // length out of this world
  CHECK(refused(tag(3, 4)));                                           // an end without a beginning
  CHECK(refused(tag(3, 3)));                                           // a beginning without an end
  CHECK(refused(base::concat(tag(3, 3), tag(4, 4))));
  CHECK_FALSE(refused(nested_groups(64)));
  CHECK(refused(nested_groups(65)));
}

TEST_CASE("no field reaches over the end of the message around it") {
  const Bytes bytes = base::concat(text_field(1, "12345678"), Bytes(100, 1));
  for (std::uint64_t end = 0; end < 10; ++end) {
    MemorySource source{bytes};
    FieldStream fields{source};
    Bytes value;
    const auto tag_read = fields.read_tag(end);
    REQUIRE(tag_read.has_value() == (end > 0));
    if (tag_read) REQUIRE_FALSE(fields.read_bytes(end, 100, value).has_value());
    MemorySource again{bytes};
    FieldStream skipping{again};
    if (skipping.read_tag(end)) REQUIRE_FALSE(skipping.skip_value({1, WireType::kBytes}, end).has_value());
  }
  MemorySource source{base::ByteView{bytes}.subspan(2)};
  FieldStream fields{source};
  CHECK_FALSE(fields.skip_value({1, WireType::kFixed64}, 7).has_value());
  MemorySource exact{base::ByteView{bytes}.subspan(2)};
  FieldStream exact_fields{exact};
  CHECK(exact_fields.skip_value({1, WireType::kFixed64}, 8).has_value());
  CHECK(exact_fields.position() == 8);
  CHECK(exact_fields.at_end(8).value());
}

TEST_CASE("a field over the limit is refused before it is read") {
  const Bytes bytes = text_field(1, "12345678");
  for (const std::size_t limit : {7, 8}) {
    MemorySource source{bytes};
    FieldStream fields{source};
    Bytes value;
    REQUIRE(fields.read_tag(FieldStream::kEndOfSource).has_value());
    const auto read = fields.read_bytes(FieldStream::kEndOfSource, limit, value);
    CHECK(read.has_value() == (limit == 8));
    if (!read) CHECK(read.error().code == ErrorCode::kLimit);
    CHECK(value.size() == (limit == 8 ? 8 : 0));
  }
}
