// A listening TCP socket on the loop: accepts and hands the sockets over.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "runtime/event_loop.h"

namespace runtime {

class TcpListener {
 public:
  /// Takes over an accepted, non-blocking socket; `peer` is its numeric address.
  using OnAccept = std::function<void(int socket, std::string peer)>;

  /// `address` is numeric, IPv4 or IPv6. kIo when the port is taken or may not be bound.
  static base::Result<std::unique_ptr<TcpListener>> bind(EventLoop& loop, const std::string& address,
                                                         int port, OnAccept on_accept);
  ~TcpListener();  // stops listening at once
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  [[nodiscard]] int port() const;

 private:
  TcpListener(EventLoop& loop, int socket, OnAccept on_accept);
  void watch();
  void accept_waiting();
  void rest_for_want_of_files();

  EventLoop& loop_;
  int socket_;
  OnAccept on_accept_;
  uv_poll_t* poll_;
  EventLoop::TimerId rest_ = 0;
  base::Log log_;
};

}  // namespace runtime
