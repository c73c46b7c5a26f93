// MP4 and its relatives: length and size, read from the boxes without decoding anything.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace previews {

struct FilmShape {
  std::uint32_t seconds = 0;
  std::uint32_t width = 0, height = 0;  // 0: it has no picture
};

/// From the descriptor of a regular file. kMalformed when there is no `moov` box that can be read.
base::Result<FilmShape> film_shape(int file);

}  // namespace previews
