// Compressed bytes read as what they were: zlib (RFC 1950) or gzip, told apart by their first bytes. The
// memory used does not depend on the length of either side.
//
// A stream counts as ended only when its own end mark and checksum are there and right; what follows them is
// not read. A few bytes of zlib can stand for a thousand times as many, so the ratio and the total are
// bounded (spec 07 B4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "whatsapp/media/byte_source.h"

struct z_stream_s;

namespace whatsapp::media {

struct InflateBounds {
  std::uint64_t ratio = 100;                    // output may be this many times the input …
  std::uint64_t free_bytes = 16 * 1024 * 1024;  // … and this much more
  std::uint64_t total_bytes = std::uint64_t{1024} * 1024 * 1024;  // of output
};

class InflateSource final : public ByteSource {
 public:
  /// `compressed` outlives this.
  explicit InflateSource(ByteSource& compressed, InflateBounds bounds = {});
  ~InflateSource() override;
  InflateSource(const InflateSource&) = delete;
  InflateSource& operator=(const InflateSource&) = delete;

  /// kMalformed for another format, a wrong checksum or an end too early; kLimit over a bound; and what the
  /// source of compressed bytes fails with. The same again when asked again.
  base::Result<std::size_t> read(base::MutableByteView room) override;

 private:
  base::Result<std::size_t> inflate_some(base::MutableByteView room);
  base::Result<void> refill();
  [[nodiscard]] base::Result<void> check_bounds() const;

  ByteSource& compressed_;
  InflateBounds bounds_;
  std::unique_ptr<z_stream_s> stream_;
  base::Bytes input_;
  std::uint64_t read_ = 0;     // compressed bytes
  std::uint64_t written_ = 0;  // inflated bytes
  base::Result<bool> ended_ = false;
};

}  // namespace whatsapp::media
