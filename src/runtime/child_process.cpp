#include "runtime/child_process.h"

#include <signal.h>
#include <uv.h>

#include <memory>
#include <optional>

#include "runtime/one_shot.h"

namespace runtime {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kReadBuffer = 16'384;

/// The libuv side of one child. Freed when it has gone and both of its handles are closed.
class Child {
 public:
  Child(EventLoop& loop, ChildRequest request) : loop_(loop), request_(std::move(request)), ended_(loop) {}

  Result<void> start();
  void kill() { uv_process_kill(&process_, SIGKILL); }
  /// When the child has gone and its output is complete.
  Task<Result<void>> wait_until(base::Clock::time_point deadline);

  [[nodiscard]] bool said_too_much() const { return too_much_; }
  ChildResult result;

  /// Kills it if it still runs, and frees it when libuv is done with it.
  static void let_go(std::unique_ptr<Child> child);

 private:
  void part_done();
  void close_handles();
  static void on_exit(uv_process_t* process, std::int64_t status, int signal);
  static void on_allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer);
  static void on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer);
  static void on_closed(uv_handle_t* handle);

  EventLoop& loop_;
  ChildRequest request_;
  OneShot<Done> ended_;
  uv_process_t process_{};
  uv_pipe_t output_{};
  char buffer_[kReadBuffer];
  int parts_left_ = 2;  // the exit and the end of the output
  int open_handles_ = 2;
  bool too_much_ = false;
  bool running_ = false;
  bool abandoned_ = false;  // nobody waits any more
};

Result<void> Child::start() {
  uv_pipe_init(loop_.uv(), &output_, 0);
  output_.data = process_.data = this;
  std::vector<uv_stdio_container_t> stdio(3 + request_.files.size());
  stdio[0].flags = stdio[2].flags = UV_IGNORE;
  stdio[1].flags = static_cast<uv_stdio_flags>(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
  stdio[1].data.stream = reinterpret_cast<uv_stream_t*>(&output_);
  for (std::size_t i = 0; i < request_.files.size(); ++i) {
    stdio[3 + i].flags = UV_INHERIT_FD;
    stdio[3 + i].data.fd = request_.files[i];
  }
  std::vector<char*> arguments{request_.program.data()};
  for (auto& argument : request_.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  char* environment[] = {nullptr};

  uv_process_options_t options{};
  options.file = request_.program.c_str();
  options.args = arguments.data();
  options.env = environment;
  options.stdio = stdio.data();
  options.stdio_count = static_cast<int>(stdio.size());
  options.exit_cb = &Child::on_exit;
  const int failed = uv_spawn(loop_.uv(), &process_, &options);
  if (failed == 0) {
    running_ = true;
    uv_read_start(reinterpret_cast<uv_stream_t*>(&output_), &Child::on_allocate, &Child::on_read);
    return {};
  }
  if (failed == UV_ENOENT || failed == UV_EACCES)
    return fail(ErrorCode::kNotFound, "the program " + request_.program + " cannot be run");
  return fail(ErrorCode::kIo, std::string{"a program cannot be started: "} + uv_strerror(failed));
}

Task<Result<void>> Child::wait_until(base::Clock::time_point deadline) {
  auto ended = co_await ended_.wait_until(deadline);
  if (!ended) co_return fail(ended.error());
  co_return Result<void>{};
}

void Child::part_done() {
  if (--parts_left_ == 0) ended_.set(Done{});
}

void Child::on_exit(uv_process_t* process, std::int64_t status, int signal) {
  auto* self = static_cast<Child*>(process->data);
  self->running_ = false;
  if (self->abandoned_) return self->close_handles();
  self->result.exit_status = static_cast<int>(status);
  self->result.signal = signal;
  self->part_done();
}

void Child::on_allocate(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto* self = static_cast<Child*>(handle->data);
  *buffer = uv_buf_init(self->buffer_, sizeof self->buffer_);
}

void Child::on_read(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* self = static_cast<Child*>(stream->data);
  if (size > 0) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(buffer->base);
    auto& output = self->result.output;
    if (output.size() + static_cast<std::size_t>(size) <= self->request_.max_output) {
      output.insert(output.end(), bytes, bytes + size);
    } else {
      self->too_much_ = true;
      self->kill();
    }
  } else if (size < 0) {
    uv_read_stop(stream);
    self->part_done();
  }
}

void Child::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<Child*>(handle->data);
  if (--self->open_handles_ == 0) delete self;
}

void Child::close_handles() {
  uv_close(reinterpret_cast<uv_handle_t*>(&process_), &Child::on_closed);
  uv_close(reinterpret_cast<uv_handle_t*>(&output_), &Child::on_closed);
}

void Child::let_go(std::unique_ptr<Child> child) {
  Child* self = child.release();
  if (!self->running_) return self->close_handles();
  self->abandoned_ = true;  // a handle closed before the exit would leave a zombie
  uv_read_stop(reinterpret_cast<uv_stream_t*>(&self->output_));
  self->kill();
}

/// Lets go of the child on every way out.
class Guard {
 public:
  explicit Guard(std::unique_ptr<Child> child) : child_(std::move(child)) {}
  ~Guard() { Child::let_go(std::move(child_)); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  Child& operator*() { return *child_; }

 private:
  std::unique_ptr<Child> child_;
};

}  // namespace

Task<Result<ChildResult>> run_child(EventLoop& loop, ChildRequest request) {
  const auto deadline = loop.clock().now() + request.timeout;
  Guard guard(std::make_unique<Child>(loop, std::move(request)));
  WA_CO_TRY_VOID((*guard).start());
  const auto ended = co_await (*guard).wait_until(deadline);
  if (!ended) co_return fail(ended.error());  // the guard kills it
  if ((*guard).said_too_much()) co_return fail(ErrorCode::kLimit, "the program said too much");
  co_return std::move((*guard).result);
}

}  // namespace runtime
