#include "runtime/child_process.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>

#include "runtime/task_scope.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using runtime::ChildRequest;
using runtime::ChildResult;

namespace {

struct Bench {
  base::SystemClock clock;
  runtime::EventLoop loop{clock};
  runtime::TaskScope scope{loop};

  base::Result<ChildResult> run(ChildRequest request) {
    std::optional<base::Result<ChildResult>> result;
    scope.spawn(keep(&loop, std::move(request), &result));
    loop.run();
    return *std::move(result);
  }
  static runtime::Task<void> keep(runtime::EventLoop* loop, ChildRequest request,
                                  std::optional<base::Result<ChildResult>>* out) {
    *out = co_await runtime::run_child(*loop, std::move(request));
    loop->stop();
  }
};

ChildRequest shell(std::string script) {
  ChildRequest request;
  request.program = "/bin/sh";
  request.arguments = {"-c", std::move(script)};
  return request;
}

}  // namespace

TEST_CASE("a child's output and exit status come back; it sees no environment") {
  Bench bench;
  ::setenv("WA_SECRET", "do not pass on", 1);
  const auto ended = bench.run(shell("echo out; echo \"[$WA_SECRET]\"; exit 7")).value();
  CHECK(ended.exit_status == 7);
  CHECK(ended.signal == 0);
  CHECK(base::as_text(ended.output) == "out\n[]\n");
}

TEST_CASE("a child reads the file that it is given as descriptor 3") {
  Bench bench;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  auto request = shell("head -c 4 <&3");
  request.files = {file};
  CHECK(base::as_text(bench.run(std::move(request)).value().output) ==
        "\x7F"
        "ELF");
  ::close(file);
}

TEST_CASE("a child that takes too long or says too much is killed and leaves no zombie") {
  Bench bench;
  auto slow = shell("sleep 60");
  slow.timeout = 50ms;
  CHECK(bench.run(std::move(slow)).error().code == ErrorCode::kTimeout);
  auto loud = shell("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
  loud.max_output = 1'000;
  CHECK(bench.run(std::move(loud)).error().code == ErrorCode::kLimit);
}

TEST_CASE("a program that is not there is said to be") {
  Bench bench;
  ChildRequest request;
  request.program = "/nowhere/at-all";
  CHECK(bench.run(std::move(request)).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a signal that ended the child is told") {
  Bench bench;
  CHECK(bench.run(shell("kill -9 $$")).value().signal == 9);
}
