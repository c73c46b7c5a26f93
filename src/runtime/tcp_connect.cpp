#include "runtime/tcp_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "runtime/one_shot.h"

namespace runtime {
namespace {

using base::ErrorCode;

constexpr int kKeepAliveIdle = 60;  // seconds

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// A socket that is being watched until it is connected; libuv lets go of it before it is closed or given
// away.
class Dial {
 public:
  Dial(EventLoop& loop, int socket) : socket_(socket), poll_(new uv_poll_t) {
    uv_poll_init(loop.uv(), poll_, socket_);
    poll_->data = this;
  }
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  ~Dial() {
    let_go();
    if (socket_ >= 0) ::close(socket_);
  }

  void wait(OneShot<Done>& writable) {
    writable_ = &writable;
    uv_poll_start(poll_, UV_WRITABLE, [](uv_poll_t* poll, int, int) {
      uv_poll_stop(poll);
      static_cast<Dial*>(poll->data)->writable_->set(Done{});
    });
  }
  int release() {
    let_go();
    return std::exchange(socket_, -1);
  }

 private:
  void let_go() {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
  }

  int socket_;
  uv_poll_t* poll_;
  OneShot<Done>* writable_ = nullptr;
};

std::unexpected<base::Error> unreachable(int error) {
  return base::fail(ErrorCode::kUnavailable, std::string{"cannot connect: "} + std::strerror(error));
}

void set_option(int socket, int level, int option, int value) {
  (void)setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Task<base::Result<int>> connect_tcp(EventLoop& loop, std::string address, int port,
                                    EventLoop::Clock::time_point deadline) {
  Address where{};
  const bool numeric = uv_ip4_addr(address.c_str(), port, &where.v4) == 0 ||
                       uv_ip6_addr(address.c_str(), port, &where.v6) == 0;
  if (!numeric) co_return base::fail(ErrorCode::kInvalidArgument, "not a numeric address");
  const int socket = ::socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) co_return unreachable(errno);
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  Dial dial(loop, socket);
  OneShot<Done> writable(loop);
  const socklen_t size = where.any.sa_family == AF_INET6 ? sizeof where.v6 : sizeof where.v4;
  if (::connect(socket, &where.any, size) != 0 && errno != EINPROGRESS) co_return unreachable(errno);
  dial.wait(writable);
  const auto ready = co_await writable.wait_until(deadline);
  if (!ready) co_return base::fail(ready.error());
  int error = 0;
  socklen_t error_size = sizeof error;
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &error_size);
  if (error != 0) co_return unreachable(error);
  co_return dial.release();
}

}  // namespace runtime
