// A bare TCP client for what no decent client would send. Turns the loop while it waits.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "live_loop.h"

class PlainSocket {
 public:
  PlainSocket(LiveLoop& live, int port) : live_(live), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    fcntl(socket_, F_SETFL, O_NONBLOCK);
  }
  ~PlainSocket() { ::close(socket_); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  void write(const std::string& bytes) {
    std::size_t sent = 0;
    CHECK(live_.until([&] {
      const auto count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count > 0) sent += static_cast<std::size_t>(count);
      return sent == bytes.size() || (count < 0 && errno != EAGAIN);
    }));
  }
  /// What came up to and with `end`; the rest waits.
  std::string read_until(const std::string& end) {
    CHECK(live_.until([&] { return receive() || buffer_.find(end) != std::string::npos; }));
    const std::size_t at = buffer_.find(end);
    if (at == std::string::npos) return std::exchange(buffer_, {});
    const std::string head = buffer_.substr(0, at + end.size());
    buffer_.erase(0, at + end.size());
    return head;
  }
  std::string read_to_end() {
    CHECK(live_.until([&] { return receive(); }));
    return std::exchange(buffer_, {});
  }

 private:
  // True at the end of the stream.
  bool receive() {
    char bytes[4096];
    for (;;) {
      const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
      if (count < 0 && errno == EAGAIN) return false;
      if (count <= 0) return true;
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }

  LiveLoop& live_;
  int socket_;
  std::string buffer_;
};
