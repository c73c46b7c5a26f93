// A WebSocket client connection (RFC 6455) on the loop: binary messages out, binary chunks in.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "runtime/egress.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace runtime {

struct WebSocketRequest {
  std::string url;  // ws:// or wss://
  std::vector<std::pair<std::string, std::string>> headers{};
  Egress egress{};                            // how the connection leaves this machine
  std::string ca_file{};                      // extra trusted roots, PEM; empty: the system's
  base::Duration connect_timeout{20'000};     // DNS, TCP, TLS and upgrade together
  std::size_t max_message = (16u << 20) + 3;  // bytes of one incoming message; larger closes the connection
};

/// Told on the loop. After on_closed nothing more comes. The WebSocket may be destroyed in either call.
class WebSocketListener {
 public:
  virtual ~WebSocketListener() = default;
  /// The next bytes of the stream, in order; borders of messages and fragments mean nothing here.
  virtual void on_bytes(base::ByteView bytes) = 0;
  /// Once, unless we closed it ourselves. kClosed with the peer's close code in `detail` (0: the connection
  /// broke); kLimit for a message over max_message; kMalformed for a breach of RFC 6455.
  virtual void on_closed(base::Error reason) = 0;
};

class WebSocket {
 public:
  /// Ends the connection at once, without telling the listener; after close() it lets that finish.
  virtual ~WebSocket() = default;
  /// Queues one binary message. kClosed when the connection is gone; kLimit when more than
  /// 32 MiB wait unsent.
  virtual base::Result<void> send(base::Bytes message) = 0;
  /// Sends what is queued, then the close frame; the listener hears nothing more. Given five seconds.
  virtual void close(int code = 1000) = 0;
  /// Backpressure. A chunk that has been read already may still come.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
};

/// Opens connections. One per loop.
class WebSocketConnector {
 public:
  virtual ~WebSocketConnector() = default;
  /// Resolves (never blocking the loop), connects and upgrades, trying the host's addresses in turn. Errors:
  /// kTimeout, kUnavailable (DNS, TCP, TLS, a proxy that refuses or is away), kMalformed (a proxy that is
  /// none), kRejected with the HTTP status in `detail` when the upgrade is
  /// refused, kInvalidArgument (URL, headers), kIo (ca_file). The listener must outlive the returned socket;
  /// it hears nothing before connect() returns.
  virtual Task<base::Result<std::unique_ptr<WebSocket>>> connect(WebSocketRequest request,
                                                                 WebSocketListener& listener) = 0;
};

}  // namespace runtime
