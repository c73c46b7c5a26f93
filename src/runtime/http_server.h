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

/// Answers one request. Runs in the server's scope: closing the server cancels it. When the client goes
/// away meanwhile, the handler runs on and its answer is dropped. Content-Length, Connection and
/// Transfer-Encoding are the server's business; it drops them from the answer.
using HttpHandler = std::function<Task<HttpResponse>(ServerRequest)>;

/// Takes over an accepted WebSocket: returns the listener of its bytes, which must live until on_closed or
/// until `socket` is destroyed. The acceptor owns `socket`; it may send at once. Returning nullptr refuses:
/// the request then goes to the HttpHandler, and the client sees its answer (403, 503, …) instead of the
/// upgrade.
using WebSocketAcceptor =
    std::function<WebSocketListener*(std::unique_ptr<WebSocket> socket, const ServerRequest& request)>;

struct HttpServerSettings {
  std::string bind = "0.0.0.0";
  int port = 0;                               // 0: any free one, see port()
  std::size_t max_body = 8u << 20;            // a larger body is answered with 413
  std::size_t max_message = (16u << 20) + 3;  // bytes of one WebSocket message; larger closes with 1009
  /// Ends connections that wait for a request, send one too slowly or do not take the answer. Not counted
  /// while a handler runs, nor on WebSockets.
  base::Duration idle_timeout{60'000};
  std::string tls_certificate{};  // PEM files; empty: plain
  std::string tls_key{};
};

class HttpServer {
 public:
  /// kIo when the port cannot be bound or the certificate not be read; kUnavailable when libwebsockets
  /// lacks its libuv plug-in.
  static base::Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, HttpServerSettings settings,
                                                          HttpHandler handler,
                                                          WebSocketAcceptor web_sockets = nullptr);
  virtual ~HttpServer() = default;
  [[nodiscard]] virtual int port() const = 0;
  /// Stops accepting, ends running handlers, closes connections (WebSockets hear on_closed). Await it
  /// before destroying the server.
  virtual Task<void> close() = 0;
};

}  // namespace runtime
