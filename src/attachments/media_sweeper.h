// Clears the media folder up: what is older than it has to be kept, and, when the disk fills up, the oldest
// files first. A file that is still owed to the edge stays, whatever happens. Remains of transfers that a
// crash has cut off go after a day.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"

namespace worker {

struct SweepSettings {
  std::string media_base = "/data/media";
  base::Duration keep{std::chrono::hours{24 * 30}};  // zero: for ever
  double most_full = 0.9;                            // share of the disk that may be in use; 1: all of it
};

struct DiskUse {
  std::uint64_t size = 0;  // bytes
  std::uint64_t free = 0;
};

struct Swept {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t owed = 0;  // kept although it was their time
};

class MediaSweeper {
 public:
  /// `disk` says how full the disk of a folder is; absent: the real one.
  explicit MediaSweeper(SweepSettings settings, std::function<DiskUse(const std::string& folder)> disk = {});

  /// Blocks on the disk: for a lane. `now` is calendar time, as the files' own.
  Swept sweep(base::Clock::wall_time now) const;

 private:
  SweepSettings settings_;
  std::function<DiskUse(const std::string&)> disk_;
};

}  // namespace worker
