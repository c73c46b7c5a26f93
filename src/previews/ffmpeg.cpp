#include "previews/ffmpeg.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "previews/fence.h"

namespace previews {

using base::ErrorCode;
using base::fail;
using base::Result;

std::string find_ffmpeg() {
  for (const char* folder : {"/usr/bin/", "/usr/local/bin/", "/bin/"}) {
    std::string path = std::string{folder} + "ffmpeg";
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

Result<Ffmpeg> Ffmpeg::start(std::vector<std::string> arguments) {
  std::string program = find_ffmpeg();
  if (program.empty()) return fail(ErrorCode::kNotFound, "ffmpeg is not installed");
  for (const char* always : {"file,pipe", "-protocol_whitelist", "1", "-threads", "error", "-loglevel",
                             "-nostdin", "-hide_banner"})
    arguments.insert(arguments.begin(), always);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorCode::kIo, "no pipe");
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return fail(ErrorCode::kIo, "no child process");
  }
  if (child == 0) {
    char* const environment[] = {nullptr};
    const int nowhere = ::open("/dev/null", O_RDWR);
    if (nowhere < 0 || ::dup2(nowhere, 0) < 0 || ::dup2(ends[1], 1) < 0 || ::dup2(nowhere, 2) < 0)
      ::_exit(126);
    if (!fence_off_network()) ::_exit(126);
    ::execve(program.c_str(), argv.data(), environment);
    ::_exit(127);
  }
  ::close(ends[1]);
  return Ffmpeg(child, ends[0]);
}

Ffmpeg::Ffmpeg(Ffmpeg&& other) noexcept
    : child_(std::exchange(other.child_, -1)), output_(std::exchange(other.output_, -1)) {}

Ffmpeg::~Ffmpeg() {
  if (output_ >= 0) ::close(output_);
}

Result<void> Ffmpeg::finish() {
  int status = 0;
  const pid_t ended = ::waitpid(std::exchange(child_, -1), &status, 0);
  if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::kMalformed, "ffmpeg could not make anything of the file");
}

}  // namespace previews
