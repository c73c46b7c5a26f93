#include "runtime/byte_stream.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <memory>
#include <mutex>
#include <utility>

namespace runtime {
namespace {

struct Write {
  uv_write_t request{};
  std::string bytes;
};

// For one read at a time: the bytes are handed on before the next one.
thread_local std::array<char, 64 * 1024> t_read_buffer;

}  // namespace

struct ByteStream::Handle {
  uv_pipe_t pipe{};  // opened on any stream socket; `pipe.data` is the ByteStream, null once it is gone
  uv_shutdown_t shutdown{};

  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&pipe); }
};

ByteStream::ByteStream(EventLoop& loop, ByteStreamListener& listener) : loop_(loop), listener_(listener) {}

ByteStream::~ByteStream() {
  if (handle_ == nullptr) return;
  handle_->pipe.data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_->pipe),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

base::Result<void> ByteStream::adopt(int socket) {
  static std::once_flag once;
  std::call_once(once, [] { std::signal(SIGPIPE, SIG_IGN); });  // libuv's writes would raise it
  handle_ = new Handle;
  uv_pipe_init(loop_.uv(), &handle_->pipe, 0);
  handle_->pipe.data = this;
  const int status = uv_pipe_open(&handle_->pipe, socket);
  if (status == 0) return {};
  ::close(socket);
  return base::fail(base::ErrorCode::kIo, std::string{"a socket cannot be used: "} + uv_strerror(status));
}

void ByteStream::read(Reading reading) {
  if (std::exchange(reading_, reading) == reading) return;
  if (reading == Reading::kOn) {
    start_reading();
  } else {
    uv_read_stop(handle_->stream());
  }
}

void ByteStream::start_reading() {
  const auto lend = [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(t_read_buffer.data(), t_read_buffer.size());
  };
  const auto take = [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
    auto* self = static_cast<ByteStream*>(stream->data);
    if (self == nullptr || count == 0) return;
    if (count < 0) {
      self->tell_end(static_cast<int>(count));
    } else {
      self->listener_.on_stream_bytes(*self, {buffer->base, static_cast<std::size_t>(count)});
    }
  };
  const int status = uv_read_start(handle_->stream(), lend, take);
  if (status != 0) tell_end(status);
}

void ByteStream::write(std::string bytes) {
  if (bytes.empty()) return;
  uv_buf_t buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
  const int written = unsent() == 0 ? uv_try_write(handle_->stream(), &buffer, 1) : 0;
  if (written == static_cast<int>(bytes.size())) return;
  if (written > 0) bytes.erase(0, static_cast<std::size_t>(written));
  auto* write = new Write{.bytes = std::move(bytes)};
  write->request.data = handle_;
  buffer = uv_buf_init(write->bytes.data(), static_cast<unsigned>(write->bytes.size()));
  const auto written_out = [](uv_write_t* request, int status) {
    const std::unique_ptr<Write> done(reinterpret_cast<Write*>(request));
    auto* self = static_cast<ByteStream*>(static_cast<Handle*>(request->data)->pipe.data);
    if (self == nullptr) return;
    if (status < 0) {
      self->tell_end(status);
    } else if (self->unsent() == 0) {
      self->listener_.on_stream_drained(*self);
    }
  };
  if (uv_write(&write->request, handle_->stream(), &buffer, 1, written_out) != 0) delete write;
}

std::size_t ByteStream::unsent() const { return uv_stream_get_write_queue_size(handle_->stream()); }

void ByteStream::finish() {
  uv_shutdown(&handle_->shutdown, handle_->stream(), [](uv_shutdown_t*, int) {});
}

void ByteStream::tell_end(int status) {
  read(Reading::kOff);
  const std::string why = status == UV_EOF ? "the peer closed the connection" : uv_strerror(status);
  listener_.on_stream_end(*this, {base::ErrorCode::kClosed, why});
}

}  // namespace runtime
