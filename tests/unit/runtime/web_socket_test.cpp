#include "runtime/web_socket.h"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <cstdlib>
#include <list>
#include <optional>
#include <thread>

#include "base/encoding.h"
#include "live_loop.h"
#include "plain_socket.h"
#include "runtime/file_limit.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "runtime/shard_network.h"
#include "test_certificate.h"

using namespace std::chrono_literals;
using base::Bytes;
using base::ErrorCode;
using runtime::header;
using runtime::HttpResponse;
using runtime::HttpServer;
using runtime::HttpServerSettings;
using runtime::ServerRequest;
using runtime::Task;
using runtime::WebSocket;
using runtime::WebSocketConnector;
using runtime::WebSocketListener;
using runtime::WebSocketRequest;

namespace {

using Opened = std::optional<base::Result<std::unique_ptr<WebSocket>>>;

Task<void> open(WebSocketConnector& connector, WebSocketRequest request, WebSocketListener& listener,
                Opened& out) {
  out.emplace(co_await connector.connect(std::move(request), listener));
}

Task<void> close_server(HttpServer& server) { co_await server.close(); }

// The server's end of one connection: counts, keeps and echoes.
struct ServerEnd final : WebSocketListener {
  void on_bytes(base::ByteView bytes) override {
    received += bytes.size();
    if (echo && socket) (void)socket->send(base::to_bytes(bytes));
  }
  void on_closed(base::Error reason) override { closed = std::move(reason); }

  std::unique_ptr<WebSocket> socket;
  std::size_t received = 0;
  bool echo = true;
  std::optional<base::Error> closed;
};

struct ClientEnd final : WebSocketListener {
  void on_bytes(base::ByteView bytes) override {
    base::append(received, bytes);
    if (drop_on_bytes) socket.reset();
  }
  void on_closed(base::Error reason) override {
    closed = std::move(reason);
    socket.reset();  // as users do
  }

  std::unique_ptr<WebSocket> socket;
  Bytes received;
  bool drop_on_bytes = false;
  std::optional<base::Error> closed;
};

struct Site {
  explicit Site(HttpServerSettings settings = {}, std::string ca_file = {}) {
    tls = !settings.tls_certificate.empty();
    settings.bind = "127.0.0.1";
    const auto accept = [this](std::unique_ptr<WebSocket> socket, const ServerRequest& request) {
      return take(std::move(socket), request);
    };
    server = HttpServer::listen(live.loop, settings, &Site::answer, accept).value();
    runtime::NetworkSettings network;
    network.ca_file = std::move(ca_file);
    connector = make_web_socket_connector(live.loop, network);
  }
  ~Site() { CHECK(live.finish(close_server(*server))); }

  static Task<HttpResponse> answer(ServerRequest request) {
    HttpResponse response;
    response.status = request.path == "/403" ? 403 : request.path == "/302" ? 302 : 503;
    response.headers.emplace_back("Location", "/ws");
    co_return response;
  }
  WebSocketListener* take(std::unique_ptr<WebSocket> socket, const ServerRequest& request) {
    if (request.path != "/ws") return nullptr;
    last = request;
    ServerEnd& end = ends.emplace_back();
    end.socket = std::move(socket);
    if (!greeting.empty()) CHECK(end.socket->send(base::to_bytes(greeting)).has_value());
    return &end;
  }

  WebSocketRequest request(const std::string& path = "/ws") const {
    WebSocketRequest request;
    request.url = (tls ? "wss://localhost:" : "ws://127.0.0.1:") + std::to_string(server->port()) + path;
    return request;
  }
  base::Result<std::unique_ptr<WebSocket>> connect(WebSocketRequest request, WebSocketListener& listener) {
    Opened out;
    if (!live.finish(open(*connector, std::move(request), listener, out)))
      return base::fail(ErrorCode::kIo, "the test hangs");
    return std::move(*out);
  }
  void connect(ClientEnd& end) {
    auto socket = connect(request(), end);
    REQUIRE_MESSAGE(socket.has_value(), (socket ? "" : socket.error().message));
    end.socket = std::move(*socket);
  }

  LiveLoop live;
  bool tls = false;
  std::string greeting;
  ServerRequest last;
  std::list<ServerEnd> ends;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<WebSocketConnector> connector;
};

Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return bytes;
}

}  // namespace

TEST_CASE("messages of all sizes come back as they were sent") {
  Site site;
  ClientEnd client;
  site.connect(client);
  for (const std::size_t size : {1u, 125u, 126u, 1023u, 1024u, 1025u, 65'535u, 65'536u, 1u << 20}) {
    client.received.clear();
    const Bytes message = pattern(size);
    REQUIRE(client.socket->send(message).has_value());
    CHECK(site.live.until([&] { return client.received.size() >= size; }));
    CHECK(client.received == message);
  }
  CHECK(client.socket->unsent_bytes() == 0);
}

TEST_CASE("many messages at once keep their order") {
  Site site;
  ClientEnd client;
  site.connect(client);
  Bytes all;
  for (std::size_t i = 0; i < 2000; ++i) {
    const Bytes message = pattern(i % 97 + 1);
    base::append(all, message);
    REQUIRE(client.socket->send(message).has_value());
  }
  CHECK(site.live.until([&] { return client.received.size() == all.size(); }));
  CHECK(client.received == all);
}

TEST_CASE("the upgrade carries our headers and Host, no extensions, and the server may speak first") {
  Site site;
  site.greeting = "welcome";
  ClientEnd client;
  WebSocketRequest request = site.request("/ws?ED=1");
  request.headers = {{"Origin", "https://example.org"}, {"User-Agent", "test"}};
  auto socket = site.connect(request, client);
  REQUIRE(socket.has_value());
  CHECK(client.received.empty());  // nothing before connect() has returned
  CHECK(site.live.until([&] { return client.received == base::to_bytes("welcome"); }));
  CHECK(site.last.query.at("ED") == "1");
  CHECK(header(site.last.headers, "Origin") == "https://example.org");
  CHECK(header(site.last.headers, "User-Agent") == "test");
  CHECK(header(site.last.headers, "Host") == "127.0.0.1:" + std::to_string(site.server->port()));
  CHECK(header(site.last.headers, "Sec-WebSocket-Extensions").empty());
}

TEST_CASE("a refused upgrade is kRejected with its status; redirects are not followed") {
  Site site;
  ClientEnd client;
  for (const int status : {403, 503, 302}) {
    const auto refused = site.connect(site.request("/" + std::to_string(status)), client);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::kRejected);
    CHECK(refused.error().detail == status);
  }
}

TEST_CASE("nobody there is kUnavailable, again and again, and nothing is left behind") {
  Site site;
  ClientEnd client;
  WebSocketRequest request;
  request.url = "ws://127.0.0.1:1/";
  for (int i = 0; i < 20; ++i) CHECK(site.connect(request, client).error().code == ErrorCode::kUnavailable);
  request.url = "ws://255.255.255.255:9/";  // connect() fails at once
  for (int i = 0; i < 5; ++i) CHECK(site.connect(request, client).error().code == ErrorCode::kUnavailable);
  request.url = "ws://name.invalid/";
  CHECK(site.connect(request, client).error().code == ErrorCode::kUnavailable);
  for (const char* bad : {"http://x/", "ws://", "ws://x:0/", "ws://a b/", "ws://u@x/"}) {
    request.url = bad;
    CHECK(site.connect(request, client).error().code == ErrorCode::kInvalidArgument);
  }
  site.connect(client);
}

TEST_CASE("a server that never answers the upgrade is given up after the connect time-out") {
  base::ManualClock clock;
  runtime::EventLoop loop(clock);
  runtime::TaskScope scope(loop);
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(silent, 4) == 0);
  REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size) == 0);

  auto connector = make_web_socket_connector(loop, {});
  ClientEnd client;
  Opened out;
  WebSocketRequest request;
  request.url = "ws://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  scope.spawn(open(*connector, request, client, out));
  for (int i = 0; i < 50; ++i) loop.run_once();
  clock.advance(19'999ms);
  loop.run_until_idle();
  CHECK(!out.has_value());
  clock.advance(1ms);
  loop.run_until_idle();
  REQUIRE(out.has_value());
  CHECK(out->error().code == ErrorCode::kTimeout);
  ::close(silent);
}

TEST_CASE("cancelling a connect ends it") {
  Site site;
  ClientEnd client;
  Opened out;
  runtime::TaskScope scope(site.live.loop);
  scope.spawn(open(*site.connector, site.request(), client, out));
  scope.cancel();
  CHECK(site.live.until([&] { return out.has_value(); }));
  CHECK(out->error().code == ErrorCode::kCancelled);
}

TEST_CASE("either side learns that the other closed, with the code") {
  Site site;
  ClientEnd client;
  site.connect(client);
  client.socket->close(4001);
  CHECK(site.live.until([&] { return site.ends.back().closed.has_value(); }));
  CHECK(site.ends.back().closed->detail == 4001);
  CHECK(!client.closed.has_value());
  CHECK(client.socket->send(Bytes(1)).error().code == ErrorCode::kClosed);

  ClientEnd second;
  site.connect(second);
  site.ends.back().socket->close(4002);
  CHECK(site.live.until([&] { return second.closed.has_value(); }));
  CHECK(second.closed->code == ErrorCode::kClosed);
  CHECK(second.closed->detail == 4002);
  CHECK(!site.ends.back().closed.has_value());
}

TEST_CASE("a close sends what is queued first, even when the socket is destroyed after it") {
  Site site;
  ClientEnd client;
  site.connect(client);
  site.ends.back().echo = false;
  for (int i = 0; i < 50; ++i) REQUIRE(client.socket->send(pattern(40'000)).has_value());
  client.socket->close();
  client.socket.reset();
  CHECK(site.live.until([&] { return site.ends.back().closed.has_value(); }));
  CHECK(site.ends.back().received == 50u * 40'000u);

  ClientEnd second;
  site.connect(second);
  auto& end = site.ends.back();
  for (int i = 0; i < 50; ++i) REQUIRE(end.socket->send(pattern(40'000)).has_value());
  end.socket->close();
  end.socket.reset();
  CHECK(site.live.until([&] { return second.closed.has_value(); }));
  CHECK(second.received.size() == 50u * 40'000u);
  CHECK(second.closed->detail == 1000);
}

TEST_CASE("a socket that is destroyed breaks the connection for the other side") {
  Site site;
  ClientEnd client;
  site.connect(client);
  client.socket.reset();
  CHECK(site.live.until([&] { return site.ends.back().closed.has_value(); }));

  ClientEnd second;
  site.connect(second);
  site.ends.back().socket.reset();
  CHECK(site.live.until([&] { return second.closed.has_value(); }));
  CHECK(second.closed->code == ErrorCode::kClosed);
  CHECK(second.closed->detail == 0);
}

TEST_CASE("a socket may be destroyed by its own listener") {
  Site site;
  ClientEnd client;
  client.drop_on_bytes = true;
  site.connect(client);
  (void)client.socket->send(pattern(100'000));
  CHECK(site.live.until([&] { return site.ends.back().closed.has_value(); }));
  CHECK(client.received.size() <= 1024);
}

TEST_CASE("a paused reader holds the sender back until it resumes") {
  Site site;
  ClientEnd client;
  site.connect(client);
  auto& end = site.ends.back();
  client.socket->pause_reading();
  const std::size_t total = 12u << 20;  // more than the kernel buffers on the way
  for (std::size_t sent = 0; sent < total; sent += 1u << 20)
    REQUIRE(end.socket->send(pattern(1u << 20)).has_value());
  site.live.turn_for(100ms);
  CHECK(client.received.size() < 4096);
  CHECK(end.socket->unsent_bytes() > 0);
  client.socket->resume_reading();
  CHECK(site.live.until([&] { return client.received.size() == total; }));

  end.socket->pause_reading();
  end.received = 0;
  end.echo = false;
  for (std::size_t sent = 0; sent < total; sent += 1u << 20)
    REQUIRE(client.socket->send(pattern(1u << 20)).has_value());
  site.live.turn_for(100ms);
  CHECK(end.received < 1u << 20);
  CHECK(client.socket->unsent_bytes() > 0);
  end.socket->resume_reading();
  CHECK(site.live.until([&] { return end.received == total; }));
}

TEST_CASE("too much unsent is kLimit") {
  Site site;
  ClientEnd client;
  site.connect(client);
  site.ends.back().socket->pause_reading();
  bool refused = false;
  for (int i = 0; i < 40 && !refused; ++i) {
    const auto sent = client.socket->send(Bytes(1u << 20));
    refused = !sent && sent.error().code == ErrorCode::kLimit;
  }
  CHECK(refused);
}

TEST_CASE("a message over the limit closes the connection, on both sides") {
  Site site({.max_message = 5000});
  ClientEnd client;
  site.connect(client);
  (void)client.socket->send(Bytes(5001));
  CHECK(site.live.until([&] { return client.closed.has_value(); }));
  CHECK(client.closed->detail == 1009);
  CHECK(site.ends.back().closed->code == ErrorCode::kLimit);

  ClientEnd careful;
  WebSocketRequest request = site.request();
  request.max_message = 1000;
  auto socket = site.connect(request, careful);
  REQUIRE(socket.has_value());
  (void)site.ends.back().socket->send(Bytes(1001));
  CHECK(site.live.until([&] { return careful.closed.has_value(); }));
  CHECK(careful.closed->code == ErrorCode::kLimit);
  CHECK(careful.received.size() <= 1000);
  CHECK(site.live.until([&] { return site.ends.back().closed.has_value(); }));
  CHECK(site.ends.back().closed->detail == 1009);
}

TEST_CASE("wss works with an extra root, and only for the right name and a trusted root") {
  const TestCertificate made;
  HttpServerSettings settings;
  settings.tls_certificate = made.certificate;
  settings.tls_key = made.key;
  Site site(settings, made.certificate);
  ClientEnd client;
  site.connect(client);
  const Bytes message = pattern(1u << 20);
  REQUIRE(client.socket->send(message).has_value());
  CHECK(site.live.until([&] { return client.received.size() == message.size(); }));
  CHECK(client.received == message);

  WebSocketRequest wrong_name = site.request();
  wrong_name.url = "wss://127.0.0.1:" + std::to_string(site.server->port()) + "/ws";
  CHECK(site.connect(wrong_name, client).error().code == ErrorCode::kUnavailable);
  const auto strict = make_web_socket_connector(site.live.loop, {});
  Opened out;
  CHECK(site.live.finish(open(*strict, site.request(), client, out)));
  CHECK(out->error().code == ErrorCode::kUnavailable);
  WebSocketRequest no_file = site.request();
  no_file.ca_file = "/nowhere.pem";
  CHECK(site.connect(no_file, client).error().code == ErrorCode::kIo);
}

TEST_CASE("pausing and resuming loses nothing under TLS") {
  const TestCertificate made;
  HttpServerSettings settings;
  settings.tls_certificate = made.certificate;
  settings.tls_key = made.key;
  Site site(settings, made.certificate);
  ClientEnd client;
  site.connect(client);
  auto& end = site.ends.back();
  end.echo = false;
  const Bytes message = pattern(300'000);
  REQUIRE(end.socket->send(message).has_value());
  REQUIRE(client.socket->send(message).has_value());
  for (int i = 0; i < 2000 && (client.received.size() < message.size() || end.received < message.size());
       ++i) {
    client.socket->pause_reading();
    end.socket->pause_reading();
    site.live.turn_for(1ms);
    client.socket->resume_reading();
    end.socket->resume_reading();
    site.live.turn_for(1ms);
  }
  CHECK(client.received == message);
  CHECK(end.received == message.size());
}

TEST_CASE("an HTTPS server answers an HTTP client that trusts its root") {
  const TestCertificate made;
  HttpServerSettings settings;
  settings.tls_certificate = made.certificate;
  settings.tls_key = made.key;
  Site site(settings, made.certificate);
  runtime::HttpClientSettings trusting;
  trusting.ca_file = made.certificate;
  runtime::HttpClient client(site.live.loop, trusting);
  runtime::HttpClient strict(site.live.loop, {});
  struct Fetch {
    static Task<void> run(runtime::HttpClient& http, std::string url,
                          std::optional<base::Result<HttpResponse>>& out) {
      runtime::HttpRequest request;
      request.url = std::move(url);
      out.emplace(co_await http.send(std::move(request)));
    }
  };
  const std::string url = "https://localhost:" + std::to_string(site.server->port()) + "/403";
  std::optional<base::Result<HttpResponse>> out;
  CHECK(site.live.finish(Fetch::run(client, url, out)));
  REQUIRE_MESSAGE(out->has_value(), (*out ? "" : out->error().message));
  CHECK((*out)->status == 403);
  CHECK(site.live.finish(Fetch::run(strict, url, out)));
  CHECK(out->error().code == ErrorCode::kUnavailable);
}

TEST_CASE("a certificate that cannot be read is an error of listen()") {
  LiveLoop live;
  HttpServerSettings settings;
  settings.tls_certificate = "/nowhere.pem";
  settings.tls_key = "/nowhere.pem";
  CHECK(HttpServer::listen(live.loop, settings, &Site::answer).error().code == ErrorCode::kIo);
}

TEST_CASE("hundreds of connections on one loop echo, and end leak-free while open") {
  CHECK(runtime::raise_file_limit() >= 1024);
  Site site;
  std::list<ClientEnd> clients;
  std::list<Opened> opened;
  for (int i = 0; i < 300; ++i) {
    clients.emplace_back();
    opened.emplace_back();
    site.live.scope.spawn(open(*site.connector, site.request(), clients.back(), opened.back()));
  }
  CHECK(site.live.until([&] { return site.live.scope.running() == 0; }));
  auto result = opened.begin();
  for (ClientEnd& client : clients) {
    REQUIRE((*result)->has_value());
    client.socket = std::move(***result++);
    (void)client.socket->send(pattern(2000));
  }
  CHECK(site.live.until([&] {
    for (const ClientEnd& client : clients)
      if (client.received.size() < 2000) return false;
    return true;
  }));
}

TEST_CASE("destroying the connector tells its connections and the connects under way") {
  Site site;
  ClientEnd open_one;
  site.connect(open_one);
  ClientEnd pending;
  Opened out;
  site.live.scope.spawn(open(*site.connector, site.request(), pending, out));
  site.connector.reset();
  CHECK(open_one.closed->code == ErrorCode::kClosed);
  CHECK(site.live.until([&] { return out.has_value(); }));
  CHECK(out->error().code == ErrorCode::kClosed);
  CHECK(!pending.closed.has_value());
}

TEST_CASE("closing the server tells its WebSockets") {
  Site site;
  ClientEnd client;
  site.connect(client);
  CHECK(site.live.finish(close_server(*site.server)));
  CHECK(site.ends.back().closed->code == ErrorCode::kClosed);
  CHECK(site.live.until([&] { return client.closed.has_value(); }));
}

TEST_CASE("frames that break the protocol are answered with 1002") {
  Site site;
  const std::vector<std::string> frames{
      std::string("\x82\x01x", 3),                            // not masked
      std::string("\xc2\x81\0\0\0\0x", 7),                    // reserved bit
      std::string("\x80\x81\0\0\0\0x", 7),                    // continuation of nothing
      std::string("\x09\x81\0\0\0\0x", 7),                    // fragmented ping
      std::string("\x83\x81\0\0\0\0x", 7),                    // unknown opcode
      std::string("\x02\x81\0\0\0\0x\x82\x81\0\0\0\0x", 14),  // message inside a message
      std::string("\x88\x81\0\0\0\0x", 7),                    // close of one byte
  };
  for (const std::string& frame : frames) {
    PlainSocket raw(site.live, site.server->port());
    raw.write(
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    CHECK(raw.read_until("\r\n\r\n").find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    site.ends.back().echo = false;
    raw.write(frame);
    CHECK(raw.read_to_end() == std::string("\x88\x02\x03\xea", 4));
    CHECK(site.ends.back().closed->code == ErrorCode::kMalformed);
  }
}

TEST_CASE("pings are answered, fragments are joined, and a bad handshake is refused") {
  Site site;
  PlainSocket raw(site.live, site.server->port());
  const std::string upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  raw.write(upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  (void)raw.read_until("\r\n\r\n");
  raw.write(std::string("\x89\x82\x01\x02\x03\x04", 6) + "ik");
  CHECK(raw.read_until("hi") == std::string("\x8a\x02hi", 4));
  raw.write(std::string("\x02\x81\0\0\0\0a\x89\x80\0\0\0\0\x80\x81\0\0\0\0b", 20));
  CHECK(site.live.until([&] { return site.ends.back().received == 2; }));

  PlainSocket old(site.live, site.server->port());
  old.write(upgrade + "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  CHECK(old.read_until("\r\n\r\n").starts_with("HTTP/1.1 426"));
  PlainSocket keyless(site.live, site.server->port());
  keyless.write(upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
  CHECK(keyless.read_until("\r\n\r\n").starts_with("HTTP/1.1 400"));
}

TEST_CASE("the proxy of the environment is not used") {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  Site site;
  ClientEnd client;
  site.connect(client);
  unsetenv("http_proxy");
}

TEST_CASE("loops on several threads have their own contexts") {
  std::vector<std::thread> threads;
  std::atomic<int> worked{0};
  // libwebsockets 4.1 closes the event descriptor of a context twice when it is destroyed. Whatever another
  // thread opened in between would be closed with it, so nobody tears down while others still open sockets.
  std::barrier all_done(3);
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&worked, &all_done] {
      Site site;
      ClientEnd client;
      auto socket = site.connect(site.request(), client);
      if (socket) {
        (void)(*socket)->send(pattern(100'000));
        if (site.live.until([&] { return client.received.size() == 100'000; })) ++worked;
      }
      all_done.arrive_and_wait();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(worked == 3);
}
