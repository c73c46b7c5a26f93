// A small HTTP/1.1 server on the loop, for /health, the edge and the simulator; the latter also accepts
// WebSockets. libwebsockets does the wire.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/http.h"
#include "runtime/task.h"
#include "runtime/web_socket.h"

namespace runtime {

struct ServerRequest {
  std::string method;
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded
  HttpHeaders headers;
  std::string body;
  std::string peer;  // address of the client
};

/// Answers one request. Runs in the server's scope: closing the server cancels it.
using HttpHandler = std::function<Task<HttpResponse>(ServerRequest)>;

/// Takes over an accepted WebSocket: returns the listener of its bytes, which must live until
/// on_closed. `socket` stays valid until then; the acceptor owns it.
using WebSocketAcceptor =
    std::function<WebSocketListener*(std::unique_ptr<WebSocket> socket, const ServerRequest& request)>;

struct HttpServerSettings {
  std::string bind = "0.0.0.0";
  int port = 0;  // 0: any free one, see port()
  std::size_t max_body = 8u << 20;  // a larger body is answered with 413
  base::Duration idle_timeout{60'000};
  std::string tls_certificate;  // PEM files; empty: plain
  std::string tls_key;
};

class HttpServer {
 public:
  /// kIo when the port cannot be bound.
  static base::Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, HttpServerSettings settings,
                                                          HttpHandler handler,
                                                          WebSocketAcceptor web_sockets = nullptr);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual int port() const = 0;
  /// Stops accepting, ends running handlers, closes connections. Await before the loop ends.
  virtual Task<void> close() = 0;
};

}  // namespace runtime
