// Bytes that are read one after the other: a file, a download, a buffer. Who reads asks for more when it has
// room, so that nothing piles up between a source and its reader.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::media {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Puts at least one byte into `room` (which has some) and says how many; 0 at the end, and then always.
  virtual base::Result<std::size_t> read(base::MutableByteView room) = 0;
};

/// Bytes in memory, which must live as long as they are read.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(base::ByteView bytes) : rest_(bytes) {}

  base::Result<std::size_t> read(base::MutableByteView room) override {
    const base::ByteView piece = rest_.first(std::min(rest_.size(), room.size()));
    std::ranges::copy(piece, room.begin());
    rest_ = rest_.subspan(piece.size());
    return piece.size();
  }

 private:
  base::ByteView rest_;
};

}  // namespace whatsapp::media
