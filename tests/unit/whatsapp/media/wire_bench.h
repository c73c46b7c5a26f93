// Protobuf and compressed bytes, written by hand so that tests can write wrong ones too.
#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string_view>

#include "base/bytes.h"

namespace wire_bench {

inline base::Bytes varint(std::uint64_t value) {
  base::Bytes out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
  return out;
}

inline base::Bytes tag(std::uint64_t number, unsigned type) { return varint(number << 3 | type); }

inline base::Bytes number_field(std::uint64_t number, std::uint64_t value) {
  return base::concat(tag(number, 0), varint(value));
}

inline base::Bytes bytes_field(std::uint64_t number, base::ByteView value) {
  return base::concat(tag(number, 2), varint(value.size()), value);
}

inline base::Bytes text_field(std::uint64_t number, std::string_view value) {
  return bytes_field(number, base::as_bytes(value));
}

enum class Container { kZlib, kGzip };

inline base::Bytes deflated(base::ByteView bytes, Container container = Container::kZlib, int level = 6) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, container == Container::kGzip ? 31 : 15, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("no deflate");
  base::Bytes out(deflateBound(&stream, bytes.size()) + 64);
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate did not end");
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace wire_bench
