#include <algorithm>
#include <stdexcept>
#include <utility>

#include "runtime/http.h"
#include "runtime/lws_web_socket.h"
#include "runtime/name_resolution.h"
#include "runtime/proxy_tunnel.h"
#include "runtime/shard_network.h"

namespace runtime {
namespace {

constexpr std::size_t kMaxHeaderBytes = 8 * 1024;
// At a time, per loop. libwebsockets keeps its time-outs in one sorted list that it walks for each handshake,
// and 5 KB per handshake; ten thousand at once would take twenty times as long.
constexpr std::size_t kMaxHandshakes = 256;

using SocketResult = base::Result<std::unique_ptr<WebSocket>>;

// What the user holds; the connection itself may live on to flush and close.
class ClientWebSocket final : public WebSocket {
 public:
  explicit ClientWebSocket(std::shared_ptr<LwsWebSocket> connection) : connection_(std::move(connection)) {}
  ~ClientWebSocket() override { connection_->abandon(); }

  base::Result<void> send(base::Bytes message) override { return connection_->send(message); }
  void close(int code) override { connection_->close(code); }
  void pause_reading() override { connection_->pause(true); }
  void resume_reading() override { connection_->pause(false); }
  [[nodiscard]] std::size_t unsent_bytes() const override { return connection_->unsent_bytes(); }

 private:
  std::shared_ptr<LwsWebSocket> connection_;
};

base::Result<std::string> header_lines(const WebSocketRequest& request) {
  std::string lines;
  for (const auto& [name, value] : request.headers) {
    if (!is_header_name(name) || !is_header_value(value))
      return base::fail(base::ErrorCode::kInvalidArgument, "not a valid header: " + name);
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  if (lines.size() > kMaxHeaderBytes)
    return base::fail(base::ErrorCode::kInvalidArgument, "too many headers");
  return lines;
}

// What one connect() needs, by value: the connector may go away while it waits.
struct Plan {
  WebSocketUrl url;
  std::string header_lines;
  lws_vhost* vhost = nullptr;
  Egress egress;
  std::string ca_file;  // for the proxy's certificate, beside the system's roots
  std::size_t max_message = 0;
  EventLoop::Clock::time_point deadline;
};

class LwsConnector final : public WebSocketConnector {
 public:
  LwsConnector(EventLoop& loop, NetworkSettings settings)
      : context_(loop.shared<LwsContext>()),
        settings_(std::move(settings)),
        registry_(std::make_shared<LwsWebSocket::Registry>(loop, kMaxHandshakes)) {
    const auto works = context_.check();
    if (!works) throw std::runtime_error(works.error().message);
  }
  ~LwsConnector() override {
    registry_->closed = true;
    const auto connections = std::exchange(registry_->live, {});
    for (LwsWebSocket* connection : connections) connection->shared_from_this()->shut_down();
  }

  Task<SocketResult> connect(WebSocketRequest request, WebSocketListener& listener) override;

 private:
  using RegistryPointer = std::shared_ptr<LwsWebSocket::Registry>;
  base::Result<Plan> plan(const WebSocketRequest& request);
  static Task<SocketResult> connect_directly(LwsContext& context, RegistryPointer registry, const Plan& plan,
                                             WebSocketListener& listener);
  static Task<SocketResult> connect_through_proxy(LwsContext& context, RegistryPointer registry,
                                                  const Plan& plan, WebSocketListener& listener);
  static Task<SocketResult> attempt(LwsContext& context, RegistryPointer registry, const Plan& plan,
                                    std::string address, EventLoop::Clock::time_point deadline,
                                    WebSocketListener& listener);
  static Task<SocketResult> opened(std::shared_ptr<LwsWebSocket> connection, OneShot<Done>& opened,
                                   EventLoop::Clock::time_point deadline);

  LwsContext& context_;
  NetworkSettings settings_;
  RegistryPointer registry_;
};

base::Result<Plan> LwsConnector::plan(const WebSocketRequest& request) {
  Plan plan;
  WA_TRY(plan.url, parse_web_socket_url(request.url));
  WA_TRY(plan.header_lines, header_lines(request));
  std::vector<std::string> ca_files;
  for (const std::string& file : {settings_.ca_file, request.ca_file})
    if (!file.empty() && std::ranges::find(ca_files, file) == ca_files.end()) ca_files.push_back(file);
  WA_TRY(plan.vhost, context_.client_vhost(ca_files));
  plan.egress = request.egress;
  plan.ca_file = ca_files.empty() ? std::string{} : ca_files.front();
  plan.max_message = request.max_message;
  plan.deadline = context_.loop().clock().now() + request.connect_timeout;
  return plan;
}

Task<SocketResult> LwsConnector::connect(WebSocketRequest request, WebSocketListener& listener) {
  LwsContext& context = context_;
  const RegistryPointer registry = registry_;
  WA_CO_TRY(const Plan plan, this->plan(request));
  if (plan.egress.is_direct()) co_return co_await connect_directly(context, registry, plan, listener);
  co_return co_await connect_through_proxy(context, registry, plan, listener);
}

Task<SocketResult> LwsConnector::connect_directly(LwsContext& context, RegistryPointer registry,
                                                  const Plan& plan, WebSocketListener& listener) {
  WA_CO_TRY(const auto addresses, co_await resolve(context.loop(), plan.url.host, plan.deadline));
  WA_CO_TRY(const auto slot, co_await registry->handshakes.take_until(plan.deadline));
  SocketResult result = base::fail(base::ErrorCode::kUnavailable, "the host has no address");
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // An address that swallows packets may take its share of the time, not all of it.
    const auto now = context.loop().clock().now();
    const auto share = (plan.deadline - now) / static_cast<std::ptrdiff_t>(addresses.size() - i);
    result = co_await attempt(context, registry, plan, addresses[i], now + share, listener);
    if (result) break;
    const auto code = result.error().code;
    if (code != base::ErrorCode::kTimeout && code != base::ErrorCode::kUnavailable) break;
  }
  co_return result;
}

Task<SocketResult> LwsConnector::connect_through_proxy(LwsContext& context, RegistryPointer registry,
                                                       const Plan& plan, WebSocketListener& listener) {
  EventLoop& loop = context.loop();
  ProxyTarget target{plan.url.host, plan.url.port};
  WA_CO_TRY(auto tunnel,
            co_await ProxyTunnel::dial(loop, plan.egress, std::move(target), plan.ca_file, plan.deadline));
  WA_CO_TRY(const auto slot, co_await registry->handshakes.take_until(plan.deadline));
  WA_CO_TRY(LocalDoor door, LocalDoor::open());
  OneShot<Done> done(loop);
  const auto connection = std::make_shared<LwsWebSocket>(context, registry, listener, plan.max_message);
  connection->start(plan.vhost, plan.url, "+@" + door.name(), plan.header_lines, done);  // connects at once
  if (!done.is_set()) {
    const auto local = door.accept();
    const auto joined = local ? tunnel->join(*local) : base::fail(local.error());
    if (!joined) {
      connection->abandon();
      co_return base::fail(joined.error());
    }
    connection->carry(std::move(tunnel));
  }
  co_return co_await opened(connection, done, plan.deadline);
}

Task<SocketResult> LwsConnector::attempt(LwsContext& context, RegistryPointer registry, const Plan& plan,
                                         std::string address, EventLoop::Clock::time_point deadline,
                                         WebSocketListener& listener) {
  OneShot<Done> done(context.loop());
  const auto connection =
      std::make_shared<LwsWebSocket>(context, std::move(registry), listener, plan.max_message);
  connection->start(plan.vhost, plan.url, address, plan.header_lines, done);
  co_return co_await opened(connection, done, deadline);
}

Task<SocketResult> LwsConnector::opened(std::shared_ptr<LwsWebSocket> connection, OneShot<Done>& opened,
                                        EventLoop::Clock::time_point deadline) {
  const auto done = co_await opened.wait_until(deadline);
  if (!done) {
    connection->abandon();
    co_return base::fail(done.error());
  }
  if (!connection->hand_over()) {
    connection->abandon();
    co_return base::fail(base::ErrorCode::kUnavailable, "the connection broke at once");
  }
  co_return std::make_unique<ClientWebSocket>(connection);
}

}  // namespace

std::unique_ptr<WebSocketConnector> make_web_socket_connector(EventLoop& loop, NetworkSettings settings) {
  return std::make_unique<LwsConnector>(loop, std::move(settings));
}

}  // namespace runtime
