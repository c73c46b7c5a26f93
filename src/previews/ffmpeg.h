// ffmpeg as a child: for what we do not decode ourselves. It reads the descriptor it is given, writes to a
// pipe or a descriptor, knows no other protocol than files, and is fenced off from the network.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace previews {

/// Path of the program; empty: not installed.
std::string find_ffmpeg();

class Ffmpeg {
 public:
  /// `arguments` without the program. Its standard output is `output()`. kNotFound, kIo.
  static base::Result<Ffmpeg> start(std::vector<std::string> arguments);
  ~Ffmpeg();
  Ffmpeg(Ffmpeg&& other) noexcept;
  Ffmpeg& operator=(Ffmpeg&&) = delete;

  [[nodiscard]] int output() const { return output_; }
  /// Waits for its end. kMalformed when it failed.
  base::Result<void> finish();

 private:
  Ffmpeg(pid_t child, int output) : child_(child), output_(output) {}
  pid_t child_ = -1;
  int output_ = -1;
};

}  // namespace previews
