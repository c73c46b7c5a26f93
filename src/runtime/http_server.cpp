#include "runtime/http_server.h"

#include <unistd.h>

#include <unordered_set>
#include <utility>

#include "runtime/http_connection.h"
#include "runtime/lws_context.h"
#include "runtime/task_scope.h"
#include "runtime/tcp_listener.h"

namespace runtime {
namespace {

ServerRequest interpret(RawHttpRequest raw, const std::string& peer) {
  ServerRequest request;
  const std::string_view target = raw.target;
  const std::size_t mark = target.find('?');
  request.path = path_decode(target.substr(0, mark));
  std::string_view rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!pair.empty()) request.query.emplace(url_decode(pair.substr(0, equals)), url_decode(value));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  request.method = std::move(raw.method);
  request.headers = std::move(raw.headers);
  request.body = std::move(raw.body);
  request.peer = peer;
  return request;
}

class LwsHttpServer final : public HttpServer, public HttpConnectionOwner {
 public:
  LwsHttpServer(EventLoop& loop, HttpServerSettings settings, HttpHandler handler, WebSocketAcceptor acceptor)
      : context_(loop.shared<LwsContext>()),
        settings_(std::move(settings)),
        handler_(std::move(handler)),
        acceptor_(std::move(acceptor)),
        scope_(loop) {}
  ~LwsHttpServer() override { drop_connections(); }

  base::Result<void> open();
  [[nodiscard]] int port() const override { return listener_ ? listener_->port() : 0; }
  Task<void> close() override;

  [[nodiscard]] const HttpServerSettings& settings() const override { return settings_; }
  void on_request(HttpConnection& connection, RawHttpRequest request) override;
  void on_gone(HttpConnection& connection) override { connections_.erase(&connection); }

 private:
  void on_accepted(int socket, std::string peer);
  bool try_upgrade(HttpConnection& connection, const ServerRequest& request);
  void drop_connections();
  static Task<void> serve(LwsHttpServer& server, std::shared_ptr<HttpConnection> connection,
                          ServerRequest request);

  LwsContext& context_;
  HttpServerSettings settings_;
  HttpHandler handler_;
  WebSocketAcceptor acceptor_;
  TaskScope scope_;
  lws_vhost* vhost_ = nullptr;
  std::unique_ptr<TcpListener> listener_;
  std::unordered_set<HttpConnection*> connections_;
};

base::Result<void> LwsHttpServer::open() {
  const bool tls = !settings_.tls_certificate.empty();
  WA_TRY(vhost_, tls ? context_.tls_server_vhost(settings_.tls_certificate, settings_.tls_key)
                     : context_.plain_server_vhost());
  const auto on_accept = [this](int socket, std::string peer) { on_accepted(socket, std::move(peer)); };
  WA_TRY(listener_, TcpListener::bind(context_.loop(), settings_.bind, settings_.port, on_accept));
  return {};
}

void LwsHttpServer::on_accepted(int socket, std::string peer) {
  const auto connection = std::make_shared<HttpConnection>(context_.loop(), *this, std::move(peer));
  connections_.insert(connection.get());
  connection->start(context_, vhost_, socket);
}

void LwsHttpServer::on_request(HttpConnection& connection, RawHttpRequest raw) {
  const bool web_socket = acceptor_ != nullptr && raw.wants_web_socket();
  ServerRequest request = interpret(std::move(raw), connection.peer());
  if (web_socket && try_upgrade(connection, request)) return;
  scope_.spawn(serve(*this, connection.shared_from_this(), std::move(request)));
}

bool LwsHttpServer::try_upgrade(HttpConnection& connection, const ServerRequest& request) {
  const auto accept_key = web_socket_accept(header(request.headers, "Sec-WebSocket-Key"));
  if (!accept_key || header(request.headers, "Sec-WebSocket-Version") != "13") {
    HttpResponse response;
    response.status = accept_key ? 426 : 400;
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    connection.respond(std::move(response));
    return true;
  }
  WebSocketListener* listener = acceptor_(make_server_web_socket(connection.shared_from_this()), request);
  if (listener == nullptr) return false;
  connection.become_web_socket(*listener, *accept_key);
  return true;
}

Task<void> LwsHttpServer::serve(LwsHttpServer& server, std::shared_ptr<HttpConnection> connection,
                                ServerRequest request) {
  HttpResponse response = co_await server.handler_(std::move(request));
  connection->respond(std::move(response));
}

void LwsHttpServer::drop_connections() {
  listener_.reset();
  const auto connections = std::exchange(connections_, {});
  for (HttpConnection* connection : connections) connection->shared_from_this()->shut_down();
}

Task<void> LwsHttpServer::close() {
  drop_connections();
  co_await scope_.close();
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, HttpServerSettings settings,
                                                             HttpHandler handler,
                                                             WebSocketAcceptor web_sockets) {
  auto server =
      std::make_unique<LwsHttpServer>(loop, std::move(settings), std::move(handler), std::move(web_sockets));
  WA_TRY_VOID(server->open());
  return server;
}

}  // namespace runtime
