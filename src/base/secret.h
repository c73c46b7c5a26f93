// Key material that is wiped when it goes out of scope.
#pragma once

#include <sodium.h>

#include "base/bytes.h"

namespace base {

/// N secret bytes. Copies are allowed (records are values) and every copy wipes itself.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const FixedBytes<N>& bytes) : bytes_(bytes) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { sodium_memzero(bytes_.data(), N); }

  [[nodiscard]] const FixedBytes<N>& bytes() const { return bytes_; }
  [[nodiscard]] FixedBytes<N>& mutable_bytes() { return bytes_; }
  [[nodiscard]] ByteView view() const { return bytes_; }
  /// Constant time.
  friend bool operator==(const Secret& a, const Secret& b) {
    return sodium_memcmp(a.bytes_.data(), b.bytes_.data(), N) == 0;
  }

 private:
  FixedBytes<N> bytes_{};
};

}  // namespace base
