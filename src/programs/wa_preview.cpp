// wa-preview: looks into one media file, fenced in, and says what it found. Started by wa-worker, one process
// per file; the file is descriptor 3, what is made of it goes to descriptor 4, the findings to standard
// output.
//
//   wa-preview look | sticker | voice | loop
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "previews/fence.h"
#include "previews/look.h"

namespace {

constexpr int kInput = 3;
constexpr int kOutput = 4;
constexpr int kNeedsProgram = 3;  // exit status: ffmpeg is not installed

void say(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
}

int status_of(const base::Result<void>& done) {
  if (done) return 0;
  say(done.error().message);
  return done.error().code == base::ErrorCode::kNotFound ? kNeedsProgram : 1;
}

int look() {
  const auto found = previews::look(kInput);
  if (!found) return status_of(base::fail(found.error()));
  say(previews::to_json(*found));
  return 0;
}

int run(std::string_view job) {
  if (const auto limited = previews::limit_resources(); !limited) return status_of(limited);
  if (job == "look") return look();
  if (job == "sticker") return status_of(previews::make_sticker(kInput, kOutput));
  if (job == "voice") return status_of(previews::make_voice(kInput, kOutput));
  if (job == "loop") return status_of(previews::make_loop(kInput, kOutput));
  say("usage: wa-preview look|sticker|voice|loop, with the file as descriptor 3");
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  const int status = run(argc == 2 ? argv[1] : "");
  ::_exit(status);  // destructors at exit would leave the fence
}
