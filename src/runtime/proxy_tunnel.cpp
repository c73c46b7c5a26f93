#include "runtime/proxy_tunnel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/random.h"
#include "runtime/name_resolution.h"
#include "runtime/tcp_connect.h"

namespace runtime {
namespace {

using base::ErrorCode;
using TunnelResult = base::Result<std::shared_ptr<ProxyTunnel>>;

// Above it the other side is not read from.
constexpr std::size_t kMaxUnsent = 256 * 1024;

}  // namespace

// ---- dialling ---------------------------------------------------------------------------------------

Task<TunnelResult> ProxyTunnel::dial(EventLoop& loop, Egress egress, ProxyTarget target, std::string ca_file,
                                     EventLoop::Clock::time_point deadline) {
  const Proxy& proxy = *egress.proxy();
  const std::string name = egress.description();
  if (proxy.lookup() == Proxy::Lookup::kHere) {
    WA_CO_TRY(const auto found, co_await resolve(loop, target.host, deadline));
    target.host = found.front();
  }
  auto addresses = co_await resolve(loop, proxy.host, deadline);
  if (!addresses) co_return base::fail(std::move(addresses).error().within(name));
  TunnelResult result = base::fail(ErrorCode::kUnavailable, "the proxy has no address");
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const auto now = loop.clock().now();
    const auto share = (deadline - now) / static_cast<std::ptrdiff_t>(addresses->size() - i);
    result = co_await attempt(loop, proxy, (*addresses)[i], target, ca_file, now + share);
    // Only an address that cannot be reached is a reason to try the next one, not a refusal.
    const bool unreachable =
        !result && result.error().detail == 0 &&
        (result.error().code == ErrorCode::kUnavailable || result.error().code == ErrorCode::kTimeout);
    if (!unreachable) break;
  }
  if (!result && result.error().code != ErrorCode::kCancelled)
    co_return base::fail(std::move(result).error().within("proxy " + name));
  co_return result;
}

Task<TunnelResult> ProxyTunnel::attempt(EventLoop& loop, const Proxy& proxy, std::string address,
                                        ProxyTarget target, std::string ca_file,
                                        EventLoop::Clock::time_point deadline) {
  WA_CO_TRY(const int socket, co_await connect_tcp(loop, address, proxy.port, deadline));
  OneShot<Done> opened(loop);
  const auto tunnel = std::make_shared<ProxyTunnel>(loop);
  WA_CO_TRY_VOID(tunnel->start(socket, proxy, target, ca_file, opened));
  const auto done = co_await opened.wait_until(deadline);
  tunnel->opened_ = nullptr;
  if (!done) co_return base::fail(done.error());
  co_return tunnel;
}

base::Result<void> ProxyTunnel::start(int socket, const Proxy& proxy, const ProxyTarget& target,
                                      const std::string& ca_file, OneShot<Done>& opened) {
  remote_ = std::make_unique<ByteStream>(loop_, *this);
  WA_TRY_VOID(remote_->adopt(socket));
  WA_TRY(handshake_, make_proxy_handshake(proxy, target));
  opened_ = &opened;
  if (proxy.kind == Proxy::Kind::kHttps) {
    WA_TRY(SSL_CTX * context, loop_.shared<TlsClientContexts>().trusting(ca_file));
    tls_ = std::make_unique<TlsClient>(context, proxy.host);
    remote_->write(tls_->take_output());
  } else {
    remote_->write(handshake_->begin());
  }
  remote_->read(ByteStream::Reading::kOn);
  return {};
}

ProxyTunnel::~ProxyTunnel() = default;

// ---- bytes ------------------------------------------------------------------------------------------

void ProxyTunnel::on_stream_bytes(ByteStream& stream, std::string_view bytes) {
  if (&stream == local_.get()) {
    send_remote(bytes);
    if (remote_->unsent() > kMaxUnsent) local_->read(ByteStream::Reading::kOff);
    return;
  }
  auto taken = on_remote_bytes(bytes);
  if (!taken) end(std::move(taken).error());
}

base::Result<void> ProxyTunnel::on_remote_bytes(std::string_view bytes) {
  if (!tls_) {
    if (state_ == State::kDialling) return shake_hands(bytes);
    hand_local(bytes);
    return {};
  }
  const bool was_ready = tls_->ready();
  std::string plain;
  WA_TRY_VOID(tls_->receive(bytes, plain));
  if (tls_->ready() && !was_ready) WA_TRY_VOID(tls_->send(handshake_->begin()));
  remote_->write(tls_->take_output());
  if (plain.empty()) return {};
  if (state_ == State::kDialling) return shake_hands(plain);
  hand_local(plain);
  return {};
}

base::Result<void> ProxyTunnel::shake_hands(std::string_view bytes) {
  WA_TRY(auto step, handshake_->feed(bytes));
  if (!step.to_send.empty()) send_remote(step.to_send);
  if (!step.open) return {};
  state_ = State::kWaiting;
  early_ = std::move(step.early);
  handshake_.reset();
  remote_->read(ByteStream::Reading::kOff);  // until join()
  if (opened_ != nullptr) opened_->set(Done{});
  return {};
}

void ProxyTunnel::send_remote(std::string_view bytes) {
  if (!tls_) {
    remote_->write(std::string{bytes});
    return;
  }
  // A broken TLS connection shows itself when it is read from.
  if (tls_->send(bytes)) remote_->write(tls_->take_output());
}

void ProxyTunnel::hand_local(std::string_view bytes) {
  if (local_ == nullptr) {
    early_ += bytes;
    return;
  }
  local_->write(std::string{bytes});
  if (local_->unsent() > kMaxUnsent) remote_->read(ByteStream::Reading::kOff);
}

base::Result<void> ProxyTunnel::join(int local_socket) {
  local_ = std::make_unique<ByteStream>(loop_, *this);
  WA_TRY_VOID(local_->adopt(local_socket));
  if (state_ != State::kWaiting)
    return base::fail(ErrorCode::kUnavailable, "the proxy closed the connection");
  state_ = State::kJoined;
  hand_local(std::exchange(early_, {}));
  local_->read(ByteStream::Reading::kOn);
  remote_->read(ByteStream::Reading::kOn);
  return {};
}

void ProxyTunnel::on_stream_drained(ByteStream& stream) {
  if (state_ != State::kJoined) return;
  ByteStream& other = &stream == local_.get() ? *remote_ : *local_;
  other.read(ByteStream::Reading::kOn);
}

void ProxyTunnel::on_stream_end(ByteStream&, base::Error why) { end(std::move(why)); }

void ProxyTunnel::end(base::Error why) {
  if (std::exchange(state_, State::kEnded) == State::kEnded) return;
  if (remote_) remote_->read(ByteStream::Reading::kOff);
  if (opened_ != nullptr) {
    if (why.code == ErrorCode::kClosed) why = {ErrorCode::kUnavailable, "it broke the connection off"};
    opened_->set(base::fail(std::move(why)));
  }
  // Whoever holds the other end of the local socket reads what has come, then sees that it is over.
  if (local_) {
    local_->read(ByteStream::Reading::kOff);
    local_->finish();
  }
}

// ---- the local door ---------------------------------------------------------------------------------

base::Result<LocalDoor> LocalDoor::open() {
  base::SystemRandom random;
  std::string name = "wa-" + base::to_hex(random.bytes<16>());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0)
    return base::fail(ErrorCode::kIo, std::string{"cannot make a socket: "} + std::strerror(errno));
  LocalDoor door(socket, std::move(name));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(door.name_, address.sun_path + 1);  // the zero byte in front makes it abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + door.name_.size());
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(socket, 4) != 0)
    return base::fail(ErrorCode::kIo, std::string{"cannot make a local socket: "} + std::strerror(errno));
  return door;
}

LocalDoor::~LocalDoor() {
  if (socket_ >= 0) ::close(socket_);
}

base::Result<int> LocalDoor::accept() {
  for (;;) {
    const int found = accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (found < 0) return base::fail(ErrorCode::kUnavailable, "nobody came through the local socket");
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = getsockopt(found, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    if (known && peer.pid == ::getpid()) return found;
    ::close(found);
  }
}

}  // namespace runtime
