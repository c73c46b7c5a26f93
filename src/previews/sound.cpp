#include "previews/sound.h"

#include <opus/opusfile.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

namespace previews {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kMostBuckets = 4'096;
constexpr std::uint32_t kOpusRate = 48'000;

int read_opus(void* file, unsigned char* to, int bytes) {
  const ssize_t got = ::read(*static_cast<int*>(file), to, static_cast<std::size_t>(bytes));
  return got < 0 ? -1 : static_cast<int>(got);
}

int seek_opus(void* file, opus_int64 offset, int whence) {
  return ::lseek(*static_cast<int*>(file), offset, whence) < 0 ? -1 : 0;
}

opus_int64 tell_opus(void* file) { return ::lseek(*static_cast<int*>(file), 0, SEEK_CUR); }

}  // namespace

void LoudnessMeter::add(std::span<const std::int16_t> samples) {
  for (const std::int16_t sample : samples) {
    if (totals_.empty() || in_last_ == width_) {
      if (totals_.size() == kMostBuckets) {
        for (std::size_t i = 0; i < kMostBuckets / 2; ++i) totals_[i] = totals_[2 * i] + totals_[2 * i + 1];
        totals_.resize(kMostBuckets / 2);
        width_ *= 2;
      }
      totals_.push_back(0);
      in_last_ = 0;
    }
    totals_.back() += static_cast<std::uint64_t>(std::abs(static_cast<int>(sample)));
    ++in_last_;
  }
  samples_ += samples.size();
}

SoundShape LoudnessMeter::shape() const {
  SoundShape out;
  out.seconds = static_cast<std::uint32_t>(samples_ / std::max(1u, rate_));
  out.waveform.assign(kBars, 0);
  if (totals_.empty()) return out;
  std::array<double, kBars> bars{};
  for (std::size_t bar = 0; bar < kBars; ++bar) {
    const std::size_t from = bar * totals_.size() / kBars;
    const std::size_t to = std::max(from + 1, (bar + 1) * totals_.size() / kBars);
    double sum = 0;
    for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(totals_[i]);
    bars[bar] = sum / static_cast<double>(to - from);
  }
  const double loudest = *std::ranges::max_element(bars);
  if (loudest <= 0) return out;
  for (std::size_t bar = 0; bar < kBars; ++bar)
    out.waveform[bar] = static_cast<std::uint8_t>(bars[bar] * 100 / loudest);
  return out;
}

Result<SoundShape> shape_of_opus(int file) {
  const OpusFileCallbacks callbacks{read_opus, seek_opus, tell_opus, nullptr};
  int error = 0;
  const std::unique_ptr<OggOpusFile, decltype(&op_free)> opus(
      op_open_callbacks(&file, &callbacks, nullptr, 0, &error), &op_free);
  if (!opus) return fail(ErrorCode::kMalformed, "the Ogg Opus file cannot be read");
  LoudnessMeter meter(kOpusRate);
  std::array<opus_int16, 5'760 * 2> stereo{};
  std::array<std::int16_t, 5'760> mono{};
  for (std::uint64_t decoded = 0; decoded < std::uint64_t{kLongestSound} * kOpusRate;) {
    const int frames = op_read_stereo(opus.get(), stereo.data(), static_cast<int>(stereo.size()));
    if (frames == OP_HOLE) continue;
    if (frames < 0) return fail(ErrorCode::kMalformed, "the Opus stream is damaged");
    if (frames == 0) break;
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(frames), mono.size());
    for (std::size_t i = 0; i < count; ++i)
      mono[i] = static_cast<std::int16_t>((int{stereo[2 * i]} + int{stereo[2 * i + 1]}) / 2);
    meter.add(std::span{mono}.first(count));
    decoded += count;
  }
  return meter.shape();
}

Result<SoundShape> shape_of_samples(int pipe, std::uint32_t samples_per_second) {
  LoudnessMeter meter(samples_per_second);
  std::array<std::uint8_t, 16'384> bytes{};
  std::array<std::int16_t, 8'192> samples{};
  std::size_t held = 0;
  std::uint64_t total = 0;
  for (;;) {
    const ssize_t got = ::read(pipe, bytes.data() + held, bytes.size() - held);
    if (got < 0) return fail(ErrorCode::kIo, "the decoder's output cannot be read");
    if (got == 0) break;
    held += static_cast<std::size_t>(got);
    const std::size_t count = held / 2;
    for (std::size_t i = 0; i < count; ++i)
      samples[i] = static_cast<std::int16_t>(bytes[2 * i] | (bytes[2 * i + 1] << 8));
    meter.add(std::span{samples}.first(count));
    if (held % 2 == 1) bytes[0] = bytes[held - 1];
    held %= 2;
    total += count;
    if (total > std::uint64_t{kLongestSound} * samples_per_second) break;
  }
  if (total == 0) return fail(ErrorCode::kMalformed, "no sound came out of the decoder");
  return meter.shape();
}

}  // namespace previews
