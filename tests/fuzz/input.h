// What a fuzz target gets: bytes, cut into pieces as it likes. Every target is one function that must come
// back, whatever the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  std::uint8_t byte() {
    const auto piece = take(1);
    return piece.empty() ? 0 : piece[0];
  }
  /// At most so many.
  base::ByteView take(std::size_t most) {
    const auto piece = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }
  /// A piece whose length (two bytes) the input says itself.
  base::ByteView piece() {
    const std::size_t length = (std::size_t{byte()} << 8) | byte();
    return take(length);
  }
  base::ByteView rest() { return take(rest_.size()); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  base::ByteView rest_;
};

inline std::string_view text(base::ByteView bytes) { return base::as_text(bytes); }

}  // namespace fuzz
