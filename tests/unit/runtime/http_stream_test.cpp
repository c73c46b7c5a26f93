// Bodies that are too large for memory, redirects, and addresses that a request may not reach.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <optional>

#include "live_loop.h"
#include "plain_socket.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"
#include "runtime/tcp_listener.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using runtime::AddressPolicy;
using runtime::BodySink;
using runtime::BodySource;
using runtime::header;
using runtime::HttpClient;
using runtime::HttpRequest;
using runtime::HttpResponse;
using runtime::HttpServer;
using runtime::ServerRequest;
using runtime::Task;

namespace {

using Answer = base::Result<HttpResponse>;

Task<void> fetch(HttpClient& client, HttpRequest request, std::optional<Answer>& out) {
  out.emplace(co_await client.send(std::move(request)));
}

std::uint8_t pattern(std::uint64_t at) { return static_cast<std::uint8_t>(at * 31 + at / 1009); }

std::uint64_t memory_in_use() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

// Makes its bytes up; as slow as asked.
class MadeUpBody final : public BodySource {
 public:
  MadeUpBody(runtime::EventLoop& loop, std::uint64_t length) : loop_(loop), length_(length) {}
  [[nodiscard]] std::uint64_t length() const override { return length_; }
  Task<base::Result<void>> rewind() override {
    at_ = 0;
    ++rewinds;
    co_return base::Result<void>{};
  }
  Task<base::Result<base::Bytes>> read(std::size_t most) override {
    if (pause.count() > 0) WA_CO_TRY_VOID(co_await runtime::sleep_for(loop_, pause));
    if (at_ >= ends_at) co_return base::Bytes{};
    base::Bytes bytes(std::min<std::uint64_t>({most, piece, ends_at - at_}));
    for (auto& byte : bytes) byte = pattern(at_++);
    co_return bytes;
  }

  base::Duration pause{0};
  std::uint64_t piece = 1u << 20;
  std::uint64_t ends_at = ~0ull;
  int rewinds = 0;

 private:
  runtime::EventLoop& loop_;
  std::uint64_t length_;
  std::uint64_t at_ = 0;
};

// Checks the bytes of a MadeUpBody; as slow as asked.
class CheckingSink final : public BodySink {
 public:
  explicit CheckingSink(runtime::EventLoop& loop) : loop_(loop) {}
  base::Result<Body> begin(const HttpResponse& head) override {
    ++heads;
    if (refuse) return base::fail(ErrorCode::kLimit, "too long for us");
    return head.status == 200 || head.status == 206 ? Body::kToSink : Body::kToResponse;
  }
  Task<base::Result<void>> write(base::Bytes piece) override {
    largest = std::max(largest, piece.size());
    if (pause.count() > 0) WA_CO_TRY_VOID(co_await runtime::sleep_for(loop_, pause));
    if (received >= full_at) co_return base::fail(ErrorCode::kIo, "disk full");
    for (const auto byte : piece)
      if (byte != pattern(received++)) ++wrong;
    co_return base::Result<void>{};
  }

  base::Duration pause{0};
  bool refuse = false;
  std::uint64_t full_at = ~0ull;
  std::uint64_t received = 0;
  std::size_t wrong = 0;
  std::size_t largest = 0;
  int heads = 0;

 private:
  runtime::EventLoop& loop_;
};

// A server on a thread of its own with blocking sockets, one connection after the other: it sends or takes in
// as much as one likes without holding it.
class BulkServer {
 public:
  explicit BulkServer(std::uint64_t size) : size_(size) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this] { serve(); });
  }
  ~BulkServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url;
  std::atomic<std::uint64_t> taken{0};
  std::atomic<std::uint64_t> wrong{0};

 private:
  void serve() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      talk(socket);
      ::close(socket);
    }
  }
  void talk(int socket) {
    std::string head;
    std::vector<char> bytes(256 * 1024);
    while (!head.contains("\r\n\r\n")) {
      const auto count = ::recv(socket, bytes.data(), 1, 0);
      if (count <= 0) return;
      head.append(bytes.data(), 1);
    }
    if (head.starts_with("POST")) take(socket, bytes);
    const bool sends = head.starts_with("GET");
    const std::string answer =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(sends ? size_ : 0) + "\r\n\r\n";
    ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
    for (std::uint64_t at = 0; sends && at < size_;) {
      const auto part = std::min<std::uint64_t>(bytes.size(), size_ - at);
      for (std::uint64_t i = 0; i < part; ++i) bytes[i] = static_cast<char>(pattern(at + i));
      for (std::uint64_t sent = 0; sent < part;) {
        const auto count = ::send(socket, bytes.data() + sent, part - sent, MSG_NOSIGNAL);
        if (count <= 0) return;
        sent += static_cast<std::uint64_t>(count);
      }
      at += part;
    }
  }
  void take(int socket, std::vector<char>& bytes) {
    while (taken < size_) {
      const auto count = ::recv(socket, bytes.data(), bytes.size(), 0);
      if (count <= 0) return;
      for (ssize_t i = 0; i < count; ++i)
        if (static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]) != pattern(taken++)) ++wrong;
    }
  }

  std::uint64_t size_;
  int listener_ = -1;
  std::thread thread_;
};

struct Bench {
  Answer send(HttpRequest request) {
    std::optional<Answer> out;
    CHECK(live.finish(fetch(client, std::move(request), out)));
    return std::move(*out);
  }
  static HttpRequest request(const std::string& url) {
    HttpRequest out;
    out.url = url;
    out.total_timeout = 60s;
    return out;
  }

  LiveLoop live;
  HttpClient client{live.loop, {}};
};

// Answers by path; notes what came.
struct Site {
  explicit Site(LiveLoop& loop) : live(loop) {
    const auto answer = [this](ServerRequest request) { return reply(*this, std::move(request)); };
    server = HttpServer::listen(live.loop, {.bind = "127.0.0.1"}, answer, nullptr).value();
    base = "http://127.0.0.1:" + std::to_string(server->port());
  }
  ~Site() { live.finish(close(*server)); }
  static Task<void> close(HttpServer& server) { co_await server.close(); }
  static Task<HttpResponse> reply(Site& site, ServerRequest request) {
    site.requests.push_back(request);
    const auto found = site.answers.find(request.path);
    if (found == site.answers.end()) co_return HttpResponse{.status = 404, .body = "no such page"};
    co_return found->second;
  }

  LiveLoop& live;
  std::string base;
  std::map<std::string, HttpResponse> answers;
  std::vector<ServerRequest> requests;
  std::unique_ptr<HttpServer> server;
};

}  // namespace

TEST_CASE("M3: a long download passes a slow sink whole, in order and in little memory") {
  constexpr std::uint64_t kSize = 150u << 20;
  Bench bench;
  BulkServer server(kSize);
  CheckingSink sink(bench.live.loop);
  auto request = Bench::request(server.url);
  request.sink = &sink;
  [[maybe_unused]] const auto before = memory_in_use();
  std::uint64_t most = 0;
  std::optional<Answer> out;
  bench.live.scope.spawn(fetch(bench.client, request, out));
  CHECK(bench.live.until([&] {
    most = std::max(most, memory_in_use());
    return out.has_value();
  }));
  REQUIRE((*out).has_value());
  CHECK((*out)->status == 200);
  CHECK((*out)->body.empty());
  CHECK(sink.received == kSize);
  CHECK(sink.wrong == 0);
  CHECK(sink.heads == 1);
  CHECK(sink.largest < (300u << 10));
#ifndef __SANITIZE_ADDRESS__
  CHECK(most - std::min(most, before) < (6u << 20));
#endif
}

TEST_CASE("a download waits while the sink is busy, without spinning") {
  Bench bench;
  BulkServer server(3u << 20);
  CheckingSink sink(bench.live.loop);
  sink.pause = 20ms;
  auto request = Bench::request(server.url);
  request.sink = &sink;
  rusage before{};
  getrusage(RUSAGE_THREAD, &before);
  const auto started = bench.live.clock.now();
  REQUIRE(bench.send(request).has_value());
  const auto took = bench.live.clock.now() - started;
  rusage after{};
  getrusage(RUSAGE_THREAD, &after);
  const auto cpu = std::chrono::seconds{after.ru_utime.tv_sec - before.ru_utime.tv_sec} +
                   std::chrono::microseconds{after.ru_utime.tv_usec - before.ru_utime.tv_usec};
  CHECK(sink.received == (3u << 20));
  CHECK(sink.wrong == 0);
  CHECK(took > 100ms);
  CHECK(cpu < took / 2);
}

TEST_CASE("M3: a long upload comes from a source in little memory, with its length in front") {
  constexpr std::uint64_t kSize = 150u << 20;
  Bench bench;
  BulkServer server(kSize);
  MadeUpBody body(bench.live.loop, kSize);
  body.piece = 100'000;
  auto request = Bench::request(server.url);
  request.method = "POST";
  request.source = &body;
  [[maybe_unused]] const auto before = memory_in_use();
  std::uint64_t most = 0;
  std::optional<Answer> out;
  bench.live.scope.spawn(fetch(bench.client, request, out));
  CHECK(bench.live.until([&] {
    most = std::max(most, memory_in_use());
    return out.has_value();
  }));
  REQUIRE_MESSAGE((*out).has_value(), (*out).error().message);
  CHECK(server.taken == kSize);
  CHECK(server.wrong == 0);
  CHECK(body.rewinds == 1);
#ifndef __SANITIZE_ADDRESS__
  CHECK(most - std::min(most, before) < (6u << 20));
#endif
}

TEST_CASE("a slow source is waited for; one that ends early or is empty is handled") {
  Bench bench;
  Site site(bench.live);
  site.answers["/up"] = {.body = "thanks"};
  MadeUpBody body(bench.live.loop, 1000);
  body.piece = 300;
  auto request = Bench::request(site.base + "/up");
  request.method = "PUT";
  request.source = &body;
  SUBCASE("slow") {
    body.pause = 10ms;
    CHECK(bench.send(request)->body == "thanks");
    REQUIRE(site.requests.size() == 1);
    CHECK(site.requests[0].method == "PUT");
    CHECK(site.requests[0].body.size() == 1000);
    CHECK(static_cast<std::uint8_t>(site.requests[0].body[999]) == pattern(999));
    CHECK(header(site.requests[0].headers, "Content-Length") == "1000");
  }
  SUBCASE("too short") {
    body.ends_at = 500;
    CHECK(bench.send(request).error().code == ErrorCode::kIo);
  }
  SUBCASE("empty") {
    MadeUpBody empty(bench.live.loop, 0);
    request.source = &empty;
    CHECK(bench.send(request)->body == "thanks");
    CHECK(header(site.requests[0].headers, "Content-Length") == "0");
  }
}

TEST_CASE("a sink may refuse by the head, leave the body to the response, or fail on the way") {
  Bench bench;
  Site site(bench.live);
  site.answers["/x"] = {.body = "12345"};
  site.answers["/empty"] = {};
  CheckingSink sink(bench.live.loop);
  auto request = Bench::request(site.base + "/x");
  request.sink = &sink;
  SUBCASE("refuses") {
    sink.refuse = true;
    CHECK(bench.send(request).error().code == ErrorCode::kLimit);
    CHECK(sink.received == 0);
  }
  SUBCASE("an error's text goes to the response") {
    request.url = site.base + "/nowhere";
    const auto answer = bench.send(request);
    CHECK(answer->status == 404);
    CHECK(answer->body == "no such page");
    CHECK(sink.received == 0);
  }
  SUBCASE("fails") {
    sink.full_at = 0;
    CHECK(bench.send(request).error().code == ErrorCode::kIo);
  }
  SUBCASE("an empty body has a head, too") {
    request.url = site.base + "/empty";
    CHECK(bench.send(request)->status == 200);
    CHECK(sink.heads == 1);
  }
}

TEST_CASE("a transfer without any byte for a while has stalled; a slow one has not") {
  LiveLoop live;
  HttpClient client(live.loop, {});
  std::vector<int> sockets;
  const auto accept = [&](int socket, const std::string&) { sockets.push_back(socket); };
  auto listener = runtime::TcpListener::bind(live.loop, "127.0.0.1", 0, accept).value();
  CheckingSink sink(live.loop);
  auto request = Bench::request("http://127.0.0.1:" + std::to_string(listener->port()) + "/");
  request.sink = &sink;
  request.total_timeout = 0s;
  request.stall_timeout = 150ms;
  std::optional<Answer> out;
  live.scope.spawn(fetch(client, request, out));
  REQUIRE(live.until([&] { return !sockets.empty(); }));
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
  ::send(sockets[0], head.data(), head.size(), MSG_NOSIGNAL);
  for (int i = 0; i < 8; ++i) {
    const char byte = static_cast<char>(pattern(static_cast<std::uint64_t>(i)));
    ::send(sockets[0], &byte, 1, MSG_NOSIGNAL);
    live.turn_for(50ms);
  }
  CHECK_FALSE(out.has_value());
  CHECK(sink.received == 8);
  CHECK(live.until([&] { return out.has_value(); }, 2s));
  CHECK((*out).error().code == ErrorCode::kTimeout);
  for (const int socket : sockets) ::close(socket);
}

TEST_CASE("redirects are followed as often as allowed, each checked, and strangers get no secrets") {
  Bench bench;
  Site site(bench.live);
  Site other(bench.live);
  site.answers["/a/start"] = {.status = 302, .headers = {{"Location", "../b?x=1#frag"}}, .body = "moved"};
  site.answers["/b"] = {.status = 307, .headers = {{"Location", other.base + "/c"}}};
  site.answers["/see"] = {.status = 303, .headers = {{"Location", "/end"}}};
  site.answers["/end"] = {.body = "end"};
  site.answers["/loop"] = {.status = 301, .headers = {{"Location", "/loop"}}};
  site.answers["/file"] = {.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
  other.answers["/c"] = {.body = "arrived"};
  auto request = Bench::request(site.base + "/a/start");
  request.headers = {{"Authorization", "Bearer x"}, {"Accept", "text/plain"}};
  SUBCASE("not at all, unless asked") {
    CHECK(bench.send(request)->status == 302);
    CHECK(bench.send(request)->body == "moved");
  }
  SUBCASE("to another host") {
    request.redirects.most = 3;
    request.method = "POST";
    request.body = "hello";
    CHECK(bench.send(request)->body == "arrived");
    REQUIRE(site.requests.size() == 2);
    CHECK(header(site.requests[1].headers, "Authorization") == "Bearer x");
    CHECK(site.requests[1].query.at("x") == "1");
    REQUIRE(other.requests.size() == 1);
    CHECK(header(other.requests[0].headers, "Authorization").empty());
    CHECK(header(other.requests[0].headers, "Accept") == "text/plain");
    CHECK(other.requests[0].method == "POST");
    CHECK(other.requests[0].body == "hello");
  }
  SUBCASE("a 303 becomes a GET; a source is sent again from its beginning") {
    request.url = site.base + "/see";
    request.method = "POST";
    request.body = "hello";
    request.redirects.most = 1;
    CHECK(bench.send(request)->body == "end");
    CHECK(site.requests[1].method == "GET");
    MadeUpBody body(bench.live.loop, 10);
    request.url = site.base + "/b";
    request.source = &body;
    CHECK(bench.send(request)->body == "arrived");
    CHECK(body.rewinds == 2);
    CHECK(other.requests[0].body.size() == 10);
  }
  SUBCASE("a sink hears only of the end") {
    CheckingSink sink(bench.live.loop);
    request.sink = &sink;
    request.redirects.most = 5;
    CHECK(bench.send(request)->status == 200);
    CHECK(sink.heads == 1);
    CHECK(sink.received == 7);
  }
  SUBCASE("not in circles, not to files, not where the caller forbids") {
    request.redirects.most = 4;
    request.url = site.base + "/loop";
    CHECK(bench.send(request).error().code == ErrorCode::kLimit);
    CHECK(site.requests.size() == 5);
    request.url = site.base + "/file";
    CHECK(bench.send(request).error().code == ErrorCode::kInvalidArgument);
    request.url = site.base + "/b";
    request.redirects.allowed = [](const std::string& url) { return !url.ends_with("/c"); };
    CHECK(bench.send(request).error().code == ErrorCode::kInvalidArgument);
    CHECK(other.requests.empty());
  }
}

TEST_CASE("M7: a request that may reach public addresses only never opens a socket to another one") {
  Bench bench;
  Site site(bench.live);
  site.answers["/"] = {.body = "secret"};
  const std::string port = std::to_string(site.server->port());
  auto request = Bench::request(site.base + "/");
  CHECK(bench.send(request)->body == "secret");  // and leaves a connection that could be used again
  request.addresses = AddressPolicy::kPublicOnly;
  for (const std::string& url :
       {site.base + "/", "http://localhost:" + port + "/", "http://[::1]:" + port + "/",
        "http://2130706433:" + port + "/", "http://0x7f.1:" + port + "/", "http://0:" + port + "/",
        "http://[::ffff:127.0.0.1]:" + port + "/", std::string{"http://169.254.169.254/latest/meta-data/"}}) {
    CAPTURE(url);
    request.url = url;
    const auto answer = bench.send(request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK(site.requests.size() == 1);
  // Through a proxy, by name; the proxy is not even asked.
  request.egress = runtime::Egress::parse("http://127.0.0.1:1").value();
  request.url = "http://localhost/";
  CHECK(bench.send(request).error().code == ErrorCode::kInvalidArgument);
  request.url = "http://10.0.0.1/";
  CHECK(bench.send(request).error().code == ErrorCode::kInvalidArgument);
  request.url = "http://example.com/";
  CHECK(bench.send(request).error().code == ErrorCode::kUnavailable);
}
