// The hash over all current values of a collection. It depends only on which values there are, not on the
// order they came in, and a value is taken out as easily as put in: 64 lanes of 16 bits, to which the
// expansion of each value MAC is added or subtracted. Spec 07 A3.
#pragma once

#include "base/bytes.h"

namespace whatsapp::app_state {

/// Proves a record's value, and stands for it in the hash.
using ValueMac = base::FixedBytes<32>;

class LtHash {
 public:
  static constexpr std::size_t kSize = 128;

  /// Of an empty collection: all zero.
  LtHash() = default;
  explicit LtHash(const base::FixedBytes<kSize>& bytes) : bytes_(bytes) {}

  void add(const ValueMac& value);
  void subtract(const ValueMac& value);

  /// Little-endian lanes.
  [[nodiscard]] const base::FixedBytes<kSize>& bytes() const { return bytes_; }
  friend bool operator==(const LtHash&, const LtHash&) = default;

 private:
  base::FixedBytes<kSize> bytes_{};
};

}  // namespace whatsapp::app_state
