// Everything that leaves through a proxy, and that nothing goes around it.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "live_loop.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "runtime/shard_network.h"
#include "test_proxy.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using runtime::Egress;
using runtime::HttpClient;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::HttpServer;
using runtime::HttpServerSettings;
using runtime::ServerRequest;
using runtime::Task;
using runtime::WebSocket;
using runtime::WebSocketListener;
using runtime::WebSocketRequest;

namespace {

// What this process does to the outside, seen where every library must come past: the C library. Only while
// a Watch lives.
std::mutex g_watch_mutex;
bool g_watching = false;
std::vector<int> g_ports;         // of connect()
std::set<std::string> g_lookups;  // of getaddrinfo()

struct Watch {
  Watch() { set(true); }
  ~Watch() { set(false); }
  static void set(bool on) {
    const std::scoped_lock lock(g_watch_mutex);
    g_watching = on;
    if (on) g_ports.clear();
    if (on) g_lookups.clear();
  }
  static bool connected_to(int port) {
    const std::scoped_lock lock(g_watch_mutex);
    return std::ranges::find(g_ports, port) != g_ports.end();
  }
  static bool looked_up(const std::string& name) {
    const std::scoped_lock lock(g_watch_mutex);
    return g_lookups.contains(name);
  }
};

void note_connect(const sockaddr* address) {
  const std::scoped_lock lock(g_watch_mutex);
  if (!g_watching || address->sa_family != AF_INET) return;
  sockaddr_in v4{};
  std::memcpy(&v4, address, sizeof v4);
  g_ports.push_back(ntohs(v4.sin_port));
}

constexpr const char* kName = "known-to-the-proxy-only.invalid";

// A server that remembers where its clients came from.
struct Target {
  explicit Target(LiveLoop& loop, HttpServerSettings settings = {}) : live(loop) {
    settings.bind = "127.0.0.1";
    const auto accept = [this](std::unique_ptr<WebSocket> socket, const ServerRequest& request) {
      peers.insert(request.peer);
      echo.socket = std::move(socket);
      return &echo;
    };
    const auto answer = [this](ServerRequest request) -> Task<HttpResponse> {
      peers.insert(request.peer);
      return reply(std::move(request));
    };
    server = HttpServer::listen(live.loop, settings, answer, accept).value();
  }
  ~Target() { live.finish(close(*server)); }
  static Task<void> close(HttpServer& server) { co_await server.close(); }
  static Task<HttpResponse> reply(ServerRequest request) {
    co_return HttpResponse{.body = "you asked " + request.path};
  }

  struct Echo final : WebSocketListener {
    void on_bytes(base::ByteView bytes) override { (void)socket->send(base::to_bytes(bytes)); }
    void on_closed(base::Error) override { socket.reset(); }
    std::unique_ptr<WebSocket> socket;
  };

  LiveLoop& live;
  Echo echo;
  std::set<std::string> peers;
  std::unique_ptr<HttpServer> server;
};

struct Ear final : WebSocketListener {
  void on_bytes(base::ByteView bytes) override { base::append(heard, bytes); }
  void on_closed(base::Error) override { closed = true; }
  base::Bytes heard;
  bool closed = false;
};

using Answer = base::Result<HttpResponse>;
using Opened = base::Result<std::unique_ptr<WebSocket>>;

Task<void> fetch(HttpClient& client, HttpRequest request, std::optional<Answer>& out) {
  out.emplace(co_await client.send(std::move(request)));
}
Task<void> open(runtime::WebSocketConnector& connector, WebSocketRequest request, WebSocketListener& listener,
                std::optional<Opened>& out) {
  out.emplace(co_await connector.connect(std::move(request), listener));
}

struct Bench {
  explicit Bench(const TestCertificate* certificate = nullptr) {
    HttpServerSettings settings;
    if (certificate != nullptr) {
      settings.tls_certificate = certificate->certificate;
      settings.tls_key = certificate->key;
      ca_file = certificate->certificate;
    }
    target.emplace(live, settings);
  }

  TestProxySettings proxy_settings(TestProxySettings::Speaks speaks) const {
    TestProxySettings settings;
    settings.speaks = speaks;
    settings.user = "joe";
    settings.password = "secret";
    settings.names = {{kName, target->server->port()}, {"localhost", target->server->port()}};
    return settings;
  }

  Answer get(const std::string& url, const std::string& proxy_url) {
    HttpClient client(live.loop, {.ca_file = ca_file});
    HttpRequest request;
    request.url = url;
    request.egress = Egress::parse(proxy_url).value();
    request.total_timeout = 3s;
    std::optional<Answer> out;
    CHECK(live.finish(fetch(client, std::move(request), out)));
    return std::move(*out);
  }

  Opened dial(const std::string& url, const std::string& proxy_url, base::Duration timeout = 5s) {
    if (!connector) connector = runtime::make_web_socket_connector(live.loop, {.ca_file = ca_file});
    WebSocketRequest request;
    request.url = url;
    request.egress = Egress::parse(proxy_url).value();
    request.connect_timeout = timeout;
    std::optional<Opened> out;
    CHECK(live.finish(open(*connector, std::move(request), ear, out)));
    return std::move(*out);
  }

  void check_echo(WebSocket& socket, std::size_t size) {
    base::Bytes sent(size);
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
    CHECK(socket.send(sent).has_value());
    CHECK(live.until([&] { return ear.heard.size() >= size || ear.closed; }));
    CHECK(ear.heard == sent);
    ear.heard.clear();
  }

  LiveLoop live;
  std::string ca_file;
  std::optional<Target> target;
  Ear ear;
  std::unique_ptr<runtime::WebSocketConnector> connector;
};

using Speaks = TestProxySettings::Speaks;
using Mood = TestProxySettings::Mood;

}  // namespace

extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  note_connect(address);
  static const auto real =
      reinterpret_cast<int (*)(int, const sockaddr*, socklen_t)>(dlsym(RTLD_NEXT, "connect"));
  return real(socket, address, size);
}

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  {
    const std::scoped_lock lock(g_watch_mutex);
    if (g_watching && host != nullptr) g_lookups.insert(host);
  }
  static const auto real = reinterpret_cast<int (*)(const char*, const char*, const addrinfo*, addrinfo**)>(
      dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(host, service, hints, found);
}

TEST_CASE("P39: WebSockets and HTTP go through the proxy, and neither sockets nor name lookups around it") {
  setenv("no_proxy", "*", 1);  // of no concern to us
  TestCertificate certificate;
  struct Case {
    const char* scheme;
    Speaks speaks;
    bool tls;
  };
  for (const Case& way : {Case{"http", Speaks::kHttp, false}, Case{"https", Speaks::kHttp, true},
                          Case{"socks5h", Speaks::kSocks5, false}}) {
    CAPTURE(way.scheme);
    Bench bench;
    bench.ca_file = certificate.certificate;
    TestProxySettings settings = bench.proxy_settings(way.speaks);
    if (way.tls) settings.tls = &certificate;
    TestProxy proxy(settings);
    Watch watch;
    const std::string place = std::string{kName} + ":4711";

    const auto answer = bench.get("http://" + place + "/hello", proxy.url(way.scheme));
    REQUIRE_MESSAGE(answer.has_value(), answer.error().message);
    CHECK(answer->body == "you asked /hello");

    auto socket = bench.dial("ws://" + place + "/ws", proxy.url(way.scheme));
    REQUIRE_MESSAGE(socket.has_value(), socket.error().message);
    bench.check_echo(**socket, 5);
    bench.check_echo(**socket, 3'000'000);

    CHECK(proxy.asked() == std::vector<std::string>{place, place});
    CHECK(bench.target->peers == std::set<std::string>{TestProxy::kSource});
    CHECK_FALSE(Watch::looked_up(kName));
    CHECK(Watch::connected_to(proxy.port()));
  }
  unsetenv("no_proxy");
}

TEST_CASE("P39: TLS to the target is end to end, through the proxy") {
  TestCertificate certificate;
  Bench bench(&certificate);
  const std::string place = "localhost:4712";
  TestProxy http(bench.proxy_settings(Speaks::kHttp));
  TestProxy socks(bench.proxy_settings(Speaks::kSocks5));
  for (const std::string& proxy : {http.url("http"), socks.url("socks5h")}) {
    CAPTURE(proxy);
    const auto answer = bench.get("https://" + place + "/x", proxy);
    REQUIRE_MESSAGE(answer.has_value(), answer.error().message);
    auto socket = bench.dial("wss://" + place + "/ws", proxy);
    REQUIRE_MESSAGE(socket.has_value(), socket.error().message);
    bench.check_echo(**socket, 100'000);
  }
  CHECK(bench.target->peers == std::set<std::string>{TestProxy::kSource});
  // A name that the certificate does not have.
  CHECK(bench.dial("wss://" + std::string{kName} + ":1/ws", http.url("http")).error().code ==
        ErrorCode::kUnavailable);
}

TEST_CASE("P39: with socks5 the name is looked up here, and the proxy hears the address") {
  Bench bench;
  TestProxy proxy(bench.proxy_settings(Speaks::kSocks5));
  const std::string port = std::to_string(bench.target->server->port());
  auto socket = bench.dial("ws://127.0.0.1:" + port + "/ws", proxy.url("socks5"));
  REQUIRE_MESSAGE(socket.has_value(), socket.error().message);
  const auto answer = bench.get("http://127.0.0.1:" + port + "/", proxy.url("socks5"));
  REQUIRE_MESSAGE(answer.has_value(), answer.error().message);
  CHECK(proxy.asked() == std::vector<std::string>(2, "127.0.0.1:" + port));
  CHECK(bench.target->peers == std::set<std::string>{TestProxy::kSource});
}

TEST_CASE("P39: a proxy that is away, refuses, hangs or is none is an error, never a direct connection") {
  for (const Speaks speaks : {Speaks::kHttp, Speaks::kSocks5}) {
    const char* scheme = speaks == Speaks::kHttp ? "http" : "socks5h";
    for (const Mood mood :
         {Mood::kRefuses, Mood::kHangs, Mood::kTalksNonsense, Mood::kBreaksOff, Mood::kServes}) {
      CAPTURE(scheme);
      CAPTURE(static_cast<int>(mood));
      Bench bench;
      auto settings = bench.proxy_settings(speaks);
      settings.mood = mood;
      TestProxy proxy(settings);
      const std::string url = proxy.url(scheme);
      if (mood == Mood::kServes) proxy.stop();  // nobody listens there any more
      Watch watch;
      const std::string place = "127.0.0.1:" + std::to_string(bench.target->server->port());
      const auto socket = bench.dial("ws://" + place + "/", url, 300ms);
      REQUIRE_FALSE(socket.has_value());
      const auto code = socket.error().code;
      CHECK(
          (code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kMalformed));
      CHECK(socket.error().message.contains(std::string{"proxy "} + scheme + "://127.0.0.1:"));
      CHECK_FALSE(socket.error().message.contains("secret"));
      const auto answer = bench.get("http://" + place + "/", url);
      REQUIRE_FALSE(answer.has_value());
      CHECK_FALSE(answer.error().message.contains("secret"));
      // The proxy that refuses has looked first; its threads are part of this process.
      if (mood != Mood::kRefuses) CHECK_FALSE(Watch::connected_to(bench.target->server->port()));
      CHECK(bench.target->peers.empty());
    }
  }
}

TEST_CASE("P39: wrong credentials are named as such") {
  Bench bench;
  TestProxy http(bench.proxy_settings(Speaks::kHttp));
  TestProxy socks(bench.proxy_settings(Speaks::kSocks5));
  const std::string place = std::string{kName} + ":1";
  CHECK(bench.dial("ws://" + place, http.url("http", "joe:wrong@")).error().detail == 407);
  CHECK(bench.dial("ws://" + place, http.url("http", "")).error().detail == 407);
  CHECK(bench.dial("ws://" + place, socks.url("socks5h", "joe:wrong@")).error().detail == 407);
  CHECK(bench.dial("ws://" + place, socks.url("socks5h", "")).error().detail == 407);
  CHECK_FALSE(bench.get("http://" + place, http.url("http", "joe:wrong@")).has_value());
  CHECK_FALSE(bench.get("http://" + place, socks.url("socks5h", "joe:wrong@")).has_value());
  CHECK(bench.target->peers.empty());
}

TEST_CASE("P39: the proxy's own certificate is verified") {
  TestCertificate certificate;
  Bench bench;  // does not trust it
  auto settings = bench.proxy_settings(Speaks::kHttp);
  settings.tls = &certificate;
  TestProxy proxy(settings);
  const auto socket = bench.dial("ws://" + std::string{kName} + ":1/", proxy.url("https"));
  REQUIRE_FALSE(socket.has_value());
  CHECK(socket.error().message.contains("certificate"));
  CHECK_FALSE(bench.get("http://" + std::string{kName} + ":1/", proxy.url("https")).has_value());
  CHECK(proxy.asked().empty());
}

TEST_CASE("a proxied WebSocket ends when either side does") {
  Bench bench;
  TestProxy proxy(bench.proxy_settings(Speaks::kHttp));
  auto socket = bench.dial("ws://" + std::string{kName} + ":1/", proxy.url("http"));
  REQUIRE(socket.has_value());
  SUBCASE("the server closes") {
    bench.target->echo.socket->close();
    CHECK(bench.live.until([&] { return bench.ear.closed; }));
  }
  SUBCASE("the proxy goes away") {
    proxy.stop();
    CHECK(bench.live.until([&] { return bench.ear.closed; }));
  }
  SUBCASE("we close") {
    (*socket)->close();
    socket->reset();
    CHECK(bench.live.until([&] { return bench.target->echo.socket == nullptr; }));
  }
  SUBCASE("the connector goes away") {
    bench.connector.reset();
    CHECK(bench.ear.closed);
    CHECK(bench.live.until([&] { return bench.target->echo.socket == nullptr; }));
  }
}

TEST_CASE("connections through one account's proxy never carry another account's requests") {
  Bench bench;
  auto settings = bench.proxy_settings(Speaks::kHttp);
  settings.user.clear();  // takes any credentials
  TestProxy proxy(settings);
  HttpClient client(bench.live.loop, {});
  for (const char* login : {"one:1@", "two:2@", "one:1@"}) {
    HttpRequest request;
    request.url = "http://" + std::string{kName} + ":80/";
    request.egress = Egress::parse(proxy.url("http", login)).value();
    std::optional<Answer> out;
    CHECK(bench.live.finish(fetch(client, std::move(request), out)));
    CHECK((*out)->status == 200);
  }
  CHECK(proxy.connections() == 2);
}
