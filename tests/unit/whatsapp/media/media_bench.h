// Keys, plaintexts and ways of cutting them that the tests of this room share.
#pragma once

#include <algorithm>

#include "base/bytes.h"
#include "base/random.h"
#include "whatsapp/media/byte_source.h"
#include "whatsapp/media/media_keys.h"

namespace media_bench {

/// 00 01 02 … 1f
inline whatsapp::media::MediaKey counting_key() {
  base::FixedBytes<32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return whatsapp::media::MediaKey{bytes};
}

inline whatsapp::media::MediaKeys keys_for(whatsapp::media::MediaKind kind) {
  return whatsapp::media::MediaKeys{counting_key(), kind};
}

/// 17 × i + 5
inline base::Bytes pattern(std::size_t size) {
  base::Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(17 * i + 5);
  return bytes;
}

/// Calls visit with one piece of that size after the other.
template <class Visit>
void in_pieces(base::ByteView bytes, std::size_t size, Visit visit) {
  while (!bytes.empty()) {
    const base::ByteView piece = bytes.first(std::min(size, bytes.size()));
    visit(piece);
    bytes = bytes.subspan(piece.size());
  }
}

/// Gives out at most so many bytes at once.
class PieceSource final : public whatsapp::media::ByteSource {
 public:
  PieceSource(base::ByteView bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  base::Result<std::size_t> read(base::MutableByteView room) override {
    return bytes_.read(room.first(std::min(room.size(), size_)));
  }

 private:
  whatsapp::media::MemorySource bytes_;
  std::size_t size_;
};

}  // namespace media_bench
