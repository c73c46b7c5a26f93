// Looks into media files that strangers made: what they are, how large, how long, what they look like. The
// looking is done elsewhere (another process, fenced in); here is only what one asks and gets. Everything in
// an answer is optional: a file that cannot be looked into is sent without those fields.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/task.h"

namespace worker {

struct Preview {
  std::string mimetype;  // as the bytes say, e.g. "image/png"; empty: unknown
  std::uint32_t width = 0, height = 0;
  std::uint32_t seconds = 0;
  std::uint32_t page_count = 0;
  base::Bytes jpeg_thumbnail;  // at most 64 KiB
  base::Bytes waveform;        // 64 bytes, 0…100 each
  enum class Animation { kStill, kAnimated } animation = Animation::kStill;
};

/// A file in another form.
enum class Conversion {
  kSticker,  // any picture → WebP, 512 × 512, transparent around it
  kVoice,    // any sound → mono Opus in Ogg
  kLoop,     // an animated GIF → MP4
};

class Previewer {
 public:
  virtual ~Previewer() = default;
  /// kUnavailable: nobody can look into files here. kMalformed, kLimit, kTimeout: not into this one.
  virtual runtime::Task<base::Result<Preview>> look(std::string path) = 0;
  /// Writes `to`, which is created. The same errors; kNotFound: this conversion needs a program that is not
  /// installed.
  virtual runtime::Task<base::Result<void>> convert(Conversion conversion, std::string from,
                                                    std::string to) = 0;
};

/// Where there is no helper program: files go out as they are.
class NoPreviewer final : public Previewer {
 public:
  runtime::Task<base::Result<Preview>> look(std::string) override {
    co_return base::fail(base::ErrorCode::kUnavailable, "no preview program");
  }
  runtime::Task<base::Result<void>> convert(Conversion, std::string, std::string) override {
    co_return base::fail(base::ErrorCode::kUnavailable, "no preview program");
  }
};

}  // namespace worker
