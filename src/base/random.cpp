#include "base/random.h"

#include <sodium.h>

#include <stdexcept>

namespace base {

Bytes Random::bytes(std::size_t count) {
  Bytes out(count);
  fill(out);
  return out;
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Rejection keeps it uniform: values above the largest multiple of `bound` are drawn again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  for (;;) {
    const std::uint64_t drawn = read_big_endian(bytes<8>());
    if (drawn < limit) return drawn % bound;
  }
}

Duration Random::jitter(Duration value, double fraction) {
  const auto span = static_cast<std::int64_t>(static_cast<double>(value.count()) * fraction);
  if (span <= 0) return value;
  const auto drawn = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(2 * span + 1)));
  return value + Duration{drawn - span};
}

SystemRandom::SystemRandom() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
}

void SystemRandom::fill(MutableByteView out) {
  if (!out.empty()) randombytes_buf(out.data(), out.size());
}

SeededRandom::SeededRandom(std::uint64_t seed) : seed_(seed) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be initialised");
}

void SeededRandom::fill(MutableByteView out) {
  FixedBytes<randombytes_SEEDBYTES> key{};
  const auto seed = big_endian<8>(seed_);
  const auto block = big_endian<8>(block_++);
  for (std::size_t i = 0; i < 8; ++i) {
    key[i] = seed[i];
    key[8 + i] = block[i];
  }
  if (!out.empty()) randombytes_buf_deterministic(out.data(), out.size(), key.data());
}

}  // namespace base
