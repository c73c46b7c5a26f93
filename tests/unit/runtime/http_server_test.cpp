#include "runtime/http_server.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>

#include "live_loop.h"
#include "plain_socket.h"
#include "runtime/http_client.h"
#include "runtime/one_shot.h"

using namespace std::chrono_literals;
using runtime::header;
using runtime::HttpClient;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::HttpServer;
using runtime::HttpServerSettings;
using runtime::ServerRequest;
using runtime::Task;

namespace {

using Answer = std::optional<base::Result<HttpResponse>>;

Task<void> fetch(HttpClient& client, HttpRequest request, Answer& out) {
  out.emplace(co_await client.send(std::move(request)));
}

Task<void> close_server(HttpServer& server) { co_await server.close(); }

struct Site {
  explicit Site(HttpServerSettings settings = {}) {
    settings.bind = "127.0.0.1";
    const auto handler = [this](ServerRequest request) { return answer(this, std::move(request)); };
    server = HttpServer::listen(live.loop, settings, handler).value();
  }
  ~Site() { CHECK(live.finish(close_server(*server))); }

  static Task<HttpResponse> answer(Site* site, ServerRequest request) {
    HttpResponse response;
    if (request.path == "/slow") {
      const auto slept = co_await runtime::sleep_for(site->live.loop, 1h);
      site->slow_handler_cancelled = !slept;
      co_return response;
    }
    if (request.path.starts_with("/status/")) response.status = std::stoi(request.path.substr(8));
    response.headers.emplace_back("X-Method", request.method);
    response.headers.emplace_back("X-Note", std::string{header(request.headers, "x-note")});
    response.body = request.path == "/big" ? std::string(5'000'000, 'b') : request.body;
    site->last = std::move(request);
    ++site->requests;
    co_return response;
  }

  HttpRequest request(std::string method, const std::string& target, std::string body = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = "http://127.0.0.1:" + std::to_string(server->port()) + target;
    request.body = std::move(body);
    request.max_response = 16u << 20;
    return request;
  }
  base::Result<HttpResponse> get(HttpRequest request) {
    Answer out;
    if (!live.finish(fetch(client, std::move(request), out)))
      return base::fail(base::ErrorCode::kIo, "the test hangs");
    return *out;
  }

  LiveLoop live;
  HttpClient client{live.loop, {}};
  std::unique_ptr<HttpServer> server;
  ServerRequest last;
  int requests = 0;
  bool slow_handler_cancelled = false;
};

}  // namespace

TEST_CASE("a request arrives with method, decoded path and query, headers and body") {
  Site site;
  HttpRequest request = site.request("POST", "/a+b%20c?x=1&y=a%26b+c&flag", "hello");
  request.headers.emplace_back("X-Note", "seen");
  const auto response = site.get(request);
  REQUIRE(response.has_value());
  CHECK(response->status == 200);
  CHECK(response->body == "hello");
  CHECK(header(response->headers, "x-note") == "seen");
  CHECK(site.last.method == "POST");
  CHECK(site.last.path == "/a+b c");
  CHECK(site.last.query == std::map<std::string, std::string>{{"x", "1"}, {"y", "a&b c"}, {"flag", ""}});
  CHECK(site.last.peer == "127.0.0.1");
}

TEST_CASE("every status comes through, and methods keep their names") {
  Site site;
  for (const int status : {200, 201, 204, 302, 304, 400, 401, 403, 404, 409, 429, 500, 503}) {
    const auto response = site.get(site.request("GET", "/status/" + std::to_string(status)));
    REQUIRE(response.has_value());
    CHECK(response->status == status);
  }
  for (const char* method : {"PUT", "PATCH", "DELETE", "OPTIONS"}) {
    const auto response = site.get(site.request(method, "/"));
    REQUIRE(response.has_value());
    CHECK(header(response->headers, "X-Method") == method);
  }
}

TEST_CASE("HEAD gets headers without a body, and the connection stays usable") {
  Site site;
  const auto head = site.get(site.request("HEAD", "/big"));
  REQUIRE(head.has_value());
  CHECK(header(head->headers, "Content-Length") == "5000000");
  CHECK(head->body.empty());
  CHECK(site.get(site.request("GET", "/x")).has_value());
}

TEST_CASE("large bodies pass both ways") {
  Site site;
  const std::string body(3'000'000, 'z');
  const auto echoed = site.get(site.request("POST", "/", body));
  REQUIRE(echoed.has_value());
  CHECK(echoed->body == body);
  const auto big = site.get(site.request("GET", "/big"));
  REQUIRE(big.has_value());
  CHECK(big->body.size() == 5'000'000);
}

TEST_CASE("a body over the server's limit is answered with 413") {
  Site site({.max_body = 1000});
  const auto response = site.get(site.request("POST", "/", std::string(1001, 'x')));
  REQUIRE(response.has_value());
  CHECK(response->status == 413);
  CHECK(site.get(site.request("POST", "/", std::string(1000, 'x')))->status == 200);
}

TEST_CASE("a response over the client's limit is kLimit, and cancelling or closing aborts a request") {
  Site site;
  HttpRequest request = site.request("GET", "/big");
  request.max_response = 1000;
  CHECK(site.get(request).error().code == base::ErrorCode::kLimit);

  Answer out;
  runtime::TaskScope scope(site.live.loop);
  scope.spawn(fetch(site.client, site.request("GET", "/slow"), out));
  site.live.turn_for(20ms);
  scope.cancel();
  CHECK(site.live.until([&] { return scope.running() == 0; }));
  CHECK(out->error().code == base::ErrorCode::kCancelled);
}

TEST_CASE(
    "a request that takes too long is kTimeout, one to nobody kUnavailable, a bad URL kInvalidArgument") {
  Site site;
  HttpRequest slow = site.request("GET", "/slow");
  slow.total_timeout = 50ms;
  CHECK(site.get(slow).error().code == base::ErrorCode::kTimeout);

  HttpRequest nobody;
  nobody.url = "http://127.0.0.1:1/";
  CHECK(site.get(nobody).error().code == base::ErrorCode::kUnavailable);
  HttpRequest file;
  file.url = "file:///etc/passwd";
  CHECK(site.get(file).error().code == base::ErrorCode::kInvalidArgument);
  HttpRequest smuggled = site.request("GET", "/");
  smuggled.headers.emplace_back("X", "a\r\nY: b");
  CHECK(site.get(smuggled).error().code == base::ErrorCode::kInvalidArgument);
}

TEST_CASE("destroying the client ends its requests with kClosed") {
  Site site;
  auto client = std::make_unique<HttpClient>(site.live.loop, runtime::HttpClientSettings{});
  Answer out;
  site.live.scope.spawn(fetch(*client, site.request("GET", "/slow"), out));
  site.live.turn_for(20ms);
  client.reset();
  CHECK(site.live.until([&] { return out.has_value(); }));
  CHECK(out->error().code == base::ErrorCode::kClosed);
}

TEST_CASE("requests one after the other use one connection") {
  Site site;
  PlainSocket raw(site.live, site.server->port());
  for (int i = 0; i < 3; ++i) {
    raw.write("GET /n HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(site.live.until([&] { return site.requests == i + 1; }));
    CHECK(raw.read_until("\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
  }
  raw.write("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  raw.read_to_end();
  CHECK(site.requests == 5);
  CHECK(site.last.path == "/b");
}

TEST_CASE("chunked bodies and Expect: 100-continue are understood") {
  Site site;
  PlainSocket raw(site.live, site.server->port());
  raw.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  CHECK(raw.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  raw.write("5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: t\r\n\r\n");
  CHECK(site.live.until([&] { return site.requests == 1; }));
  CHECK(site.last.body == "hello world");
}

TEST_CASE("what is not HTTP is refused and the connection closed") {
  Site site;
  const std::map<std::string, std::string> cases{
      {"\x16\x03\x01garbage\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"GET / HTTP/3.0\r\nHost: x\r\n\r\n", "505"},
      {"GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n", "431"},
  };
  for (const auto& [text, status] : cases) {
    PlainSocket raw(site.live, site.server->port());
    raw.write(text);
    const std::string answer = raw.read_to_end();
    CHECK(answer.starts_with("HTTP/1.1 " + status));
    CHECK(answer.find("Connection: close") != std::string::npos);
  }
  CHECK(site.requests == 0);
}

TEST_CASE("a client that goes away during its request disturbs nobody") {
  Site site;
  {
    PlainSocket gone(site.live, site.server->port());
    gone.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    PlainSocket half(site.live, site.server->port());
    half.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    site.live.turn_for(20ms);
  }
  site.live.turn_for(20ms);
  CHECK(site.get(site.request("GET", "/")).has_value());
}

TEST_CASE("a client that sends its request too slowly is cut off") {
  Site site({.idle_timeout = 60ms});
  PlainSocket slow(site.live, site.server->port());
  const auto start = site.live.clock.now();
  slow.write("GET / HT");
  slow.read_to_end();
  CHECK(site.live.clock.now() - start < 20s);
  CHECK(site.requests == 0);
}

TEST_CASE("a server cannot take a port that is taken, and two can share a loop") {
  Site site;
  HttpServerSettings taken;
  taken.bind = "127.0.0.1";
  taken.port = site.server->port();
  const auto handler = [](ServerRequest request) { return Site::answer(nullptr, std::move(request)); };
  CHECK(HttpServer::listen(site.live.loop, taken, handler).error().code == base::ErrorCode::kIo);
  taken.port = 0;
  auto second = HttpServer::listen(site.live.loop, taken, handler).value();
  CHECK(second->port() != site.server->port());
  CHECK(site.live.finish(close_server(*second)));
}

TEST_CASE("closing the server cancels its handlers and ends its connections") {
  Site site;
  PlainSocket waiting(site.live, site.server->port());
  waiting.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  site.live.turn_for(20ms);
  CHECK(site.live.finish(close_server(*site.server)));
  CHECK(site.slow_handler_cancelled);
  CHECK(waiting.read_to_end().empty());
  CHECK(site.server->port() == 0);
}
