#include "runtime/tcp_listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr int kBacklog = 4096;        // the kernel cuts it to net.core.somaxconn
constexpr int kAcceptsPerTurn = 256;  // so that a rush of clients does not starve the others
constexpr int kKeepAliveIdle = 60;    // seconds of silence before the kernel probes a peer

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t size_of(const Address& address) {
  return address.any.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

base::Result<Address> parse(const std::string& text, int port) {
  Address address{};
  if (uv_ip4_addr(text.c_str(), port, &address.v4) == 0) return address;
  if (uv_ip6_addr(text.c_str(), port, &address.v6) == 0) return address;
  return base::fail(base::ErrorCode::kInvalidArgument, "not a numeric address to listen on: " + text);
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.any.sa_family == AF_INET6) {
    uv_ip6_name(&address.v6, text, sizeof text);
  } else {
    uv_ip4_name(&address.v4, text, sizeof text);
  }
  return text;
}

void set_option(int socket, int level, int option, int value) {
  (void)setsockopt(socket, level, option, &value, sizeof value);
}

std::unexpected<base::Error> io_error(const std::string& address, int port) {
  return base::fail(base::ErrorCode::kIo, "cannot listen on " + address + " port " + std::to_string(port) +
                                              ": " + std::strerror(errno));
}

}  // namespace

base::Result<std::unique_ptr<TcpListener>> TcpListener::bind(EventLoop& loop, const std::string& address,
                                                             int port, OnAccept on_accept) {
  WA_TRY(const Address where, parse(address, port));
  const int socket = ::socket(where.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return io_error(address, port);
  set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(socket, &where.any, size_of(where)) != 0 || ::listen(socket, kBacklog) != 0) {
    auto error = io_error(address, port);
    ::close(socket);
    return error;
  }
  return std::unique_ptr<TcpListener>(new TcpListener(loop, socket, std::move(on_accept)));
}

TcpListener::TcpListener(EventLoop& loop, int socket, OnAccept on_accept)
    : loop_(loop), socket_(socket), on_accept_(std::move(on_accept)), poll_(new uv_poll_t) {
  uv_poll_init(loop_.uv(), poll_, socket_);
  poll_->data = this;
  watch();
}

TcpListener::~TcpListener() {
  loop_.cancel_timer(rest_);
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  ::close(socket_);
}

int TcpListener::port() const {
  Address address{};
  socklen_t size = sizeof address;
  if (getsockname(socket_, &address.any, &size) != 0) return 0;
  return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

void TcpListener::watch() {
  uv_poll_start(poll_, UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<TcpListener*>(poll->data)->accept_waiting(); });
}

void TcpListener::accept_waiting() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    Address peer{};
    socklen_t size = sizeof peer;
    const int socket = accept4(socket_, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest_for_want_of_files();
      return;  // EAGAIN, or a client that has already gone
    }
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
    on_accept_(socket, to_text(peer));
  }
}

// The waiting client would keep the socket readable and the loop spinning.
void TcpListener::rest_for_want_of_files() {
  log_.warn("no file descriptors left to accept a connection; trying again soon",
            {{"port", port()}, {"error", std::strerror(errno)}});
  uv_poll_stop(poll_);
  loop_.cancel_timer(rest_);
  rest_ = loop_.call_after(100ms, [this] {
    rest_ = 0;
    watch();
  });
}

}  // namespace runtime
