// A chunk of history of any length that takes no room itself, and what the allocator has given out meanwhile.
#pragma once

#include <malloc.h>

#include <algorithm>

#include "base/random.h"
#include "history_bench.h"

namespace history_bench {

inline constexpr std::size_t kMebi = 1024 * 1024;

inline std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// A zlib stream of stored blocks, made while it is read: one conversation of many equal messages.
class LongChunk final : public ByteSource {
 public:
  explicit LongChunk(std::size_t messages) : messages_(messages), message_(message("ID", 5, filling())) {
    const Bytes id = text_field(1, "123@s.whatsapp.net");
    pending_ = Bytes{0x78, 0x01};
    add(base::concat(number_field(1, 2), tag(2, 2), varint(id.size() + messages_ * message_.size()), id));
  }

  base::Result<std::size_t> read(base::MutableByteView room) override {
    peak = std::max(peak, allocated());
    while (pending_.size() == taken_ && !ended_) {
      pending_.clear();
      taken_ = 0;
      if (messages_ > 0) {
        --messages_;
        add(message_);
      } else {
        end();
      }
    }
    const std::size_t count = std::min(room.size(), pending_.size() - taken_);
    std::copy_n(pending_.begin() + static_cast<std::ptrdiff_t>(taken_), count, room.begin());
    taken_ += count;
    return count;
  }

  std::size_t peak = 0;

 private:
  static Bytes filling() {
    base::SeededRandom random{7};
    return bytes_field(900, random.bytes(10'000));
  }

  /// One stored block: final flag, length and its complement little-endian, data.
  void add(base::ByteView data) {
    const auto size = static_cast<std::uint16_t>(data.size());
    const auto complement = static_cast<std::uint16_t>(~size);
    const Bytes head{0, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8),
                     static_cast<std::uint8_t>(complement), static_cast<std::uint8_t>(complement >> 8)};
    base::append(pending_, head);
    base::append(pending_, data);
    checksum_ = adler32(checksum_, data.data(), static_cast<uInt>(data.size()));
  }

  void end() {
    base::append(pending_, Bytes{1, 0, 0, 0xff, 0xff});
    base::append(pending_, base::big_endian<4>(checksum_));
    ended_ = true;
  }

  std::size_t messages_;
  Bytes message_;
  Bytes pending_;
  std::size_t taken_ = 0;
  uLong checksum_ = adler32(0, nullptr, 0);
  bool ended_ = false;
};

}  // namespace history_bench
