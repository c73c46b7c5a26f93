#include "whatsapp/media/inflate_source.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace whatsapp::media {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kInputSize = 64 * 1024;
constexpr std::size_t kMostAtOnce = 1024 * 1024;  // zlib counts in unsigned int
constexpr int kLargestWindow = 15;
constexpr int kZlibOrGzip = 32;

}  // namespace

InflateSource::InflateSource(ByteSource& compressed, InflateBounds bounds)
    : compressed_(compressed), bounds_(bounds), stream_(std::make_unique<z_stream_s>()), input_(kInputSize) {
  if (inflateInit2(stream_.get(), kLargestWindow + kZlibOrGzip) != Z_OK) throw std::bad_alloc{};
}

InflateSource::~InflateSource() { inflateEnd(stream_.get()); }

Result<std::size_t> InflateSource::read(base::MutableByteView room) {
  if (!ended_) return base::fail(ended_.error());
  if (*ended_) return 0;
  auto count = inflate_some(room);
  if (!count) ended_ = base::fail(count.error());
  return count;
}

Result<std::size_t> InflateSource::inflate_some(base::MutableByteView room) {
  const std::size_t wanted = std::min(room.size(), kMostAtOnce);
  stream_->next_out = room.data();
  stream_->avail_out = static_cast<uInt>(wanted);
  while (stream_->avail_out == wanted) {
    if (stream_->avail_in == 0) WA_TRY_VOID(refill());
    const int state = ::inflate(stream_.get(), Z_NO_FLUSH);
    if (state == Z_STREAM_END) {
      ended_ = true;
      break;
    }
    if (state == Z_MEM_ERROR) throw std::bad_alloc{};
    if (state != Z_OK) return base::fail(ErrorCode::kMalformed, "compressed data is damaged");
  }
  const std::size_t count = wanted - stream_->avail_out;
  written_ += count;
  WA_TRY_VOID(check_bounds());
  return count;
}

Result<void> InflateSource::refill() {
  WA_TRY(const std::size_t count, compressed_.read(input_));
  if (count == 0) return base::fail(ErrorCode::kMalformed, "compressed data is cut short");
  read_ += count;
  stream_->next_in = input_.data();
  stream_->avail_in = static_cast<uInt>(count);
  return {};
}

Result<void> InflateSource::check_bounds() const {
  if (written_ > bounds_.total_bytes)
    return base::fail(ErrorCode::kLimit, "compressed data is larger than allowed");
  const std::uint64_t consumed = read_ - stream_->avail_in;
  if (written_ > bounds_.free_bytes && (written_ - bounds_.free_bytes) / bounds_.ratio > consumed)
    return base::fail(ErrorCode::kLimit, "compressed data inflates too far");
  return {};
}

}  // namespace whatsapp::media
