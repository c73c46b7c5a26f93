// Randomness as a parameter: the operating system's in production, a seeded stream in tests and in the
// simulator, so that every key, jitter and id can be played again.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/clock.h"

namespace base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(MutableByteView out) = 0;

  template <std::size_t N>
  FixedBytes<N> bytes() {
    FixedBytes<N> out;
    fill(out);
    return out;
  }
  Bytes bytes(std::size_t count);

  /// Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// `value` moved by a uniform share within ± `fraction` (0.1 = ± 10 %).
  Duration jitter(Duration value, double fraction);
};

/// The operating system's generator (libsodium).
class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(MutableByteView out) override;
};

/// A deterministic stream (ChaCha20 over the seed and a block counter).
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(MutableByteView out) override;

 private:
  std::uint64_t seed_;
  std::uint64_t block_ = 0;
};

}  // namespace base
