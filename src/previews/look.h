// One file, looked into: everything that `wa-preview` does, as functions on descriptors.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace previews {

struct Findings {
  std::string mimetype;
  std::uint32_t width = 0, height = 0;
  std::uint32_t seconds = 0;
  std::uint32_t page_count = 0;
  base::Bytes jpeg_thumbnail;
  base::Bytes waveform;
  enum class Animation { kStill, kAnimated } animation = Animation::kStill;
};

/// Looks into the file behind the descriptor, from inside the fence. What cannot be found out is left empty;
/// an error only when nothing at all is known.
base::Result<Findings> look(int file);

/// Any picture → a sticker's WebP, written to `to`.
base::Result<void> make_sticker(int from, int to);
/// Any sound → mono Opus in Ogg; an animated GIF → MP4. By ffmpeg: kNotFound without it.
base::Result<void> make_voice(int from, int to);
base::Result<void> make_loop(int from, int to);

/// One line of JSON, bytes as base64.
std::string to_json(const Findings& findings);

}  // namespace previews
