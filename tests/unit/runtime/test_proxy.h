// A proxy on threads of its own: HTTP CONNECT or SOCKS5, with or without TLS and credentials. It knows the
// addresses of names that nobody else can look up, and it connects from 127.0.0.2, so that a target can tell
// who came through it and who went around it.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/encoding.h"
#include "test_certificate.h"

struct TestProxySettings {
  enum class Speaks { kHttp, kSocks5 } speaks = Speaks::kHttp;
  const TestCertificate* tls = nullptr;
  std::string user{}, password{};
  std::map<std::string, int> names{};  // what it can look up: name → port on 127.0.0.1
  enum class Mood { kServes, kRefuses, kHangs, kTalksNonsense, kBreaksOff } mood = Mood::kServes;
};

class TestProxy {
 public:
  explicit TestProxy(TestProxySettings settings) : settings_(std::move(settings)) {
    if (settings_.tls != nullptr) {
      context_ = SSL_CTX_new(TLS_server_method());
      SSL_CTX_use_certificate_file(context_, settings_.tls->certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_, settings_.tls->key.c_str(), SSL_FILETYPE_PEM);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = local(INADDR_LOOPBACK, 0);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 64) == 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestProxy() {
    stop();
    SSL_CTX_free(context_);
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  /// From then on nobody listens there, and every connection is cut.
  void stop() {
    if (stopping_.exchange(true)) return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (auto& client : clients_) client.join();
  }

  [[nodiscard]] int port() const { return port_; }
  /// With the credentials that it wants, unless told otherwise.
  [[nodiscard]] std::string url(const char* scheme, const std::string& credentials = "\n") const {
    std::string login = credentials;
    if (login == "\n") login = settings_.user.empty() ? "" : settings_.user + ":" + settings_.password + "@";
    const char* host = settings_.tls != nullptr ? "localhost" : "127.0.0.1";
    return std::string{scheme} + "://" + login + host + ":" + std::to_string(port_);
  }
  /// "name:port" of everything it was asked to connect to.
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  [[nodiscard]] int connections() const { return connections_; }

  /// The peer address that targets see.
  static constexpr const char* kSource = "127.0.0.2";

 private:
  using Mood = TestProxySettings::Mood;

  static sockaddr_in local(std::uint32_t address, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(address);
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    return out;
  }

  // A connected peer, plain or TLS, blocking.
  struct Peer {
    int socket = -1;
    SSL* ssl = nullptr;
    int read(char* bytes, int size) const {
      return ssl != nullptr ? SSL_read(ssl, bytes, size)
                            : static_cast<int>(::recv(socket, bytes, static_cast<std::size_t>(size), 0));
    }
    bool read_exactly(char* bytes, int size) const {
      for (int at = 0; at < size;) {
        const int count = read(bytes + at, size - at);
        if (count <= 0) return false;
        at += count;
      }
      return true;
    }
    bool write(std::string_view bytes) const {
      while (!bytes.empty()) {
        const auto count = ssl != nullptr ? SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size()))
                                          : ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
      return true;
    }
  };

  void accept_all() {
    while (!stopping_) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      clients_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    Peer client{socket, nullptr};
    if (context_ != nullptr) {
      client.ssl = SSL_new(context_);
      SSL_set_fd(client.ssl, socket);
      if (SSL_accept(client.ssl) == 1) talk(client);
      SSL_free(client.ssl);
    } else {
      talk(client);
    }
    ::close(socket);
  }

  void talk(const Peer& client) {
    if (settings_.mood == Mood::kBreaksOff) return;
    if (settings_.mood == Mood::kTalksNonsense) {
      client.write("SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n");
      return;
    }
    if (settings_.mood == Mood::kHangs) {
      while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds{5});
      return;
    }
    const int target = settings_.speaks == TestProxySettings::Speaks::kHttp ? http(client) : socks(client);
    if (target < 0) return;
    pump(client, target);
    ::close(target);
  }

  int http(const Peer& client) {
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (client.read(&c, 1) != 1) return -1;
      head += c;
    }
    const auto basic = base::to_base64(base::as_bytes(settings_.user + ":" + settings_.password));
    if (!settings_.user.empty() && !head.contains("Proxy-Authorization: Basic " + basic + "\r\n")) {
      client.write(
          "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
          "Content-Length: 0\r\n\r\n");
      return -1;
    }
    if (!head.starts_with("CONNECT ")) {
      client.write("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n");
      return -1;
    }
    const std::string authority = head.substr(8, head.find(' ', 8) - 8);
    const int target = connect_to(authority);
    if (target < 0 || settings_.mood == Mood::kRefuses) {
      client.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      return -1;
    }
    client.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
    return target;
  }

  int socks(const Peer& client) {
    char head[2];
    char methods[255];
    if (!client.read_exactly(head, 2) || head[0] != 5 || !client.read_exactly(methods, head[1])) return -1;
    const char method = settings_.user.empty() ? 0 : 2;
    if (!std::string_view(methods, static_cast<std::size_t>(head[1])).contains(method)) {
      client.write({"\x05\xff", 2});
      return -1;
    }
    client.write(std::string{5, method});
    if (method == 2) {
      const std::string login = login_of(client);
      client.write(std::string{1, login == settings_.user + ":" + settings_.password ? '\0' : '\1'});
      if (login != settings_.user + ":" + settings_.password) return -1;
    }
    const int target = connect_to(request_of(client));
    if (target < 0 || settings_.mood == Mood::kRefuses) {
      client.write({"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", 10});
      return -1;
    }
    client.write({"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00", 10});
    return target;
  }

  static std::string login_of(const Peer& client) {
    std::string login;
    char size = 0;
    char text[255];
    client.read_exactly(&size, 1);  // version
    for (int i = 0; i < 2; ++i) {
      client.read_exactly(&size, 1);
      client.read_exactly(text, static_cast<unsigned char>(size));
      login.append(text, static_cast<unsigned char>(size));
      if (i == 0) login += ':';
    }
    return login;
  }

  static std::string request_of(const Peer& client) {
    char head[4];
    char address[256];
    char port[2];
    client.read_exactly(head, 4);
    std::string host;
    if (head[3] == 1) {
      client.read_exactly(address, 4);
      char text[INET_ADDRSTRLEN];
      host = inet_ntop(AF_INET, address, text, sizeof text);
    } else {
      char size = 0;
      client.read_exactly(&size, 1);
      client.read_exactly(address, static_cast<unsigned char>(size));
      host.assign(address, static_cast<unsigned char>(size));
    }
    client.read_exactly(port, 2);
    const int number = static_cast<unsigned char>(port[0]) * 256 + static_cast<unsigned char>(port[1]);
    return host + ":" + std::to_string(number);
  }

  int connect_to(const std::string& authority) {
    {
      const std::scoped_lock lock(mutex_);
      asked_.push_back(authority);
    }
    const std::size_t colon = authority.rfind(':');
    const std::string host = authority.substr(0, colon);
    int port = std::stoi(authority.substr(colon + 1));
    if (const auto known = settings_.names.find(host); known != settings_.names.end()) {
      port = known->second;
    } else if (host != "127.0.0.1") {
      return -1;
    }
    const int target = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in from = local(INADDR_LOOPBACK + 1, 0);
    const sockaddr_in to = local(INADDR_LOOPBACK, port);
    const bool connected = ::bind(target, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
                           ::connect(target, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (connected) return target;
    ::close(target);
    return -1;
  }

  void pump(const Peer& client, int target) {
    const Peer server{target, nullptr};
    std::vector<char> bytes(64 * 1024);
    while (!stopping_) {
      pollfd fds[2] = {{client.socket, POLLIN, 0}, {target, POLLIN, 0}};
      const bool buffered = client.ssl != nullptr && SSL_pending(client.ssl) > 0;
      if (!buffered && ::poll(fds, 2, 10) <= 0) continue;
      if (buffered || fds[0].revents != 0) {
        const int count = client.read(bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0 || !server.write({bytes.data(), static_cast<std::size_t>(count)})) return;
      }
      if (fds[1].revents != 0) {
        const int count = server.read(bytes.data(), static_cast<int>(bytes.size()));
        if (count <= 0 || !client.write({bytes.data(), static_cast<std::size_t>(count)})) return;
      }
    }
  }

  TestProxySettings settings_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;  // guarded by mutex_
  std::thread acceptor_;
  std::vector<std::thread> clients_;  // of the acceptor's thread
};
