#include "whatsapp/binary/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <climits>

namespace whatsapp::binary {
namespace {

using base::ErrorCode;

/// A zlib stream that is closed when it goes out of scope.
class InflateStream {
 public:
  explicit InflateStream(base::ByteView compressed) {
    stream_.next_in = const_cast<Bytef*>(compressed.data());  // zlib's old signature; it only reads
    stream_.avail_in = static_cast<uInt>(compressed.size());
    open_ = inflateInit(&stream_) == Z_OK;
  }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;
  ~InflateStream() {
    if (open_) inflateEnd(&stream_);
  }

  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool all_read() const { return stream_.avail_in == 0; }
  [[nodiscard]] std::size_t written() const { return stream_.total_out; }

  int fill(base::MutableByteView out) {
    stream_.next_out = out.data();
    stream_.avail_out = static_cast<uInt>(out.size());
    return ::inflate(&stream_, Z_NO_FLUSH);
  }

 private:
  z_stream stream_{};
  bool open_ = false;
};

/// The compressed size is below 2^32, so the product cannot overflow.
std::size_t most_for(std::size_t compressed_size, const InflateLimits& limits) {
  return std::min(limits.bytes, std::max(limits.free_bytes, compressed_size * limits.ratio));
}

}  // namespace

base::Result<base::Bytes> inflate(base::ByteView compressed, const InflateLimits& limits) {
  if (compressed.size() > UINT_MAX) return base::fail(ErrorCode::kLimit, "compressed data too long");
  const std::size_t limit = most_for(compressed.size(), limits);
  InflateStream stream{compressed};
  if (!stream.open()) return base::fail(ErrorCode::kIo, "zlib cannot start");

  constexpr std::size_t kSmallest = 256;
  constexpr std::size_t kLargestStep = 1024 * 1024;
  base::Bytes out;
  for (;;) {
    const std::size_t written = stream.written();
    // One byte above the limit, so that a stream that ends exactly at it still can say so.
    const std::size_t step = std::clamp(std::max(written, compressed.size() * 3), kSmallest, kLargestStep);
    out.resize(std::min(written + step, limit + 1));
    const int rc = stream.fill(base::MutableByteView{out}.subspan(written));
    if (stream.written() > limit) return base::fail(ErrorCode::kLimit, "compressed data inflates too far");
    if (rc == Z_STREAM_END) break;
    if (rc != Z_OK || stream.written() < out.size())
      return base::fail(ErrorCode::kMalformed, "broken zlib stream");
  }
  if (!stream.all_read()) return base::fail(ErrorCode::kMalformed, "bytes after the zlib stream");
  out.resize(stream.written());
  return out;
}

}  // namespace whatsapp::binary
