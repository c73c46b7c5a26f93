#include "simulator/media_host/media_hosts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "simulator/media_host/certificate.h"
#include "simulator/media_host/media_exchange.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// A peer that is silent for so long is given up.
constexpr timeval kSilence{.tv_sec = 60, .tv_usec = 0};

}  // namespace

Result<std::unique_ptr<MediaHosts>> MediaHosts::start(MediaStore& store, const MediaSettings& settings,
                                                      const std::string& bind) {
  WA_TRY(HostCertificate certificate, issue_host_certificate(settings.authority_folder));
  TlsContext tls(certificate.certificate, certificate.key);
  if (tls.get() == nullptr) return fail(ErrorCode::kCrypto, "the media hosts' certificate is of no use");
  std::unique_ptr<MediaHosts> hosts(new MediaHosts(store, std::move(tls), std::move(certificate.authority)));
  if (::pipe2(hosts->wake_, O_CLOEXEC) != 0) return fail(ErrorCode::kIo, "no pipe for the media hosts");
  for (int i = 0; i < settings.hosts; ++i)
    WA_TRY_VOID(hosts->listen(bind, settings.port == 0 ? 0 : settings.port + i));
  std::vector<std::string> names;
  for (const Listener& listener : hosts->listeners_) names.push_back(listener.name);
  store.set_hosts(std::move(names));
  // A client that leaves in the middle of an answer is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  hosts->acceptor_ = std::thread([raw = hosts.get()] { raw->accept_connections(); });
  return hosts;
}

MediaHosts::~MediaHosts() {
  if (acceptor_.joinable()) {
    [[maybe_unused]] const auto written = ::write(wake_[1], "x", 1);
    acceptor_.join();
  }
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& connection : connections_) ::shutdown(connection->socket, SHUT_RDWR);
  }
  for (const auto& connection : connections_) {
    connection->thread.join();
    ::close(connection->socket);
  }
  for (const Listener& listener : listeners_) ::close(listener.socket);
  for (const int end : wake_) {
    if (end >= 0) ::close(end);
  }
}

Result<void> MediaHosts::listen(const std::string& bind, int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(ErrorCode::kIo, "no socket for a media host");
  Listener& listener = listeners_.emplace_back(Listener{.socket = socket, .name = {}});
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, bind.c_str(), &address.sin_addr);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket, 128) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return fail(ErrorCode::kIo, "a media host cannot listen on port " + std::to_string(port));
  const std::string name = bind == "0.0.0.0" ? "127.0.0.1" : bind;
  listener.name = name + ':' + std::to_string(ntohs(address.sin_port));
  return {};
}

void MediaHosts::accept_connections() {
  std::vector<pollfd> waiting{{.fd = wake_[0], .events = POLLIN, .revents = 0}};
  for (const Listener& listener : listeners_)
    waiting.push_back({.fd = listener.socket, .events = POLLIN, .revents = 0});
  for (;;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting.front().revents != 0) return;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (waiting[i + 1].revents != 0) accept_one(listeners_[i]);
    }
    reap();
  }
}

void MediaHosts::accept_one(const Listener& listener) {
  const int socket = ::accept4(listener.socket, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  store_.count(&MediaCounters::connections);
  if (store_.is_down(listener.name)) {
    ::close(socket);
    return;
  }
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kSilence, sizeof kSilence);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kSilence, sizeof kSilence);
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const std::scoped_lock lock(mutex_);
  Connection& connection = *connections_.emplace_back(std::make_unique<Connection>());
  connection.socket = socket;
  connection.thread = std::thread([this, &connection, host = listener.name] { serve(connection, host); });
}

void MediaHosts::serve(Connection& connection, const std::string& host) {
  {
    TlsStream stream(tls_, connection.socket);
    if (stream.handshake()) {
      while (MediaExchange(store_, stream, host).serve()) {
      }
    }
  }
  ::shutdown(connection.socket, SHUT_RDWR);
  connection.over = true;
}

/// Forgets connections that are over.
void MediaHosts::reap() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(connections_, [](const std::unique_ptr<Connection>& connection) {
    if (!connection->over) return false;
    connection->thread.join();
    ::close(connection->socket);
    return true;
  });
}

}  // namespace simulator
