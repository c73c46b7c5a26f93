// Sounds: how long, and the 64 bars that clients draw for a voice note (spec 06 §7.2).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace previews {

struct SoundShape {
  std::uint32_t seconds = 0;
  base::Bytes waveform;  // 64 bytes, 0…100; empty: unknown
};

inline constexpr std::size_t kBars = 64;
inline constexpr std::uint32_t kLongestSound = 4 * 3'600;  // seconds that are decoded

/// Loudness over time in buckets that double in width when there get too many: constant memory for any
/// length.
class LoudnessMeter {
 public:
  explicit LoudnessMeter(std::uint32_t samples_per_second) : rate_(samples_per_second) {}
  /// Mono, full scale ± 32768.
  void add(std::span<const std::int16_t> samples);
  [[nodiscard]] SoundShape shape() const;

 private:
  std::uint32_t rate_;
  std::uint64_t samples_ = 0;
  std::uint64_t width_ = 480;          // samples per bucket
  std::vector<std::uint64_t> totals_;  // of the magnitudes
  std::uint64_t in_last_ = 0;          // samples in the last bucket
};

/// Decodes an Ogg Opus file from the descriptor.
base::Result<SoundShape> shape_of_opus(int file);
/// Reads mono 16-bit little-endian samples until the end.
base::Result<SoundShape> shape_of_samples(int pipe, std::uint32_t samples_per_second);

}  // namespace previews
