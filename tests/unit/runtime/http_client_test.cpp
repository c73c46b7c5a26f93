#include "runtime/http_client.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <vector>

#include "live_loop.h"
#include "runtime/tcp_listener.h"

using namespace std::chrono_literals;
using runtime::HttpClient;
using runtime::HttpRequest;
using runtime::HttpResponse;

namespace {

using Answer = std::optional<base::Result<HttpResponse>>;

runtime::Task<void> fetch(HttpClient& client, HttpRequest request, Answer& out) {
  out.emplace(co_await client.send(std::move(request)));
}

// A server of bare sockets, answered by hand.
struct Hand {
  Hand() {
    const auto accept = [this](int socket, const std::string&) { sockets.push_back(socket); };
    listener = runtime::TcpListener::bind(live.loop, "127.0.0.1", 0, accept).value();
  }
  ~Hand() {
    for (const int socket : sockets) ::close(socket);
  }
  HttpRequest request() const {
    HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(listener->port()) + "/";
    return request;
  }
  std::string read(std::size_t index) {
    char bytes[4096];
    ssize_t size = -1;
    live.until([&] {
      return index < sockets.size() && (size = ::recv(sockets[index], bytes, sizeof bytes, 0)) >= 0;
    });
    return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string{};
  }
  void write(std::size_t index, std::string_view text) {
    CHECK(::send(sockets[index], text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
  }

  LiveLoop live;
  std::vector<int> sockets;
  std::unique_ptr<runtime::TcpListener> listener;
};

constexpr std::string_view kEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

}  // namespace

TEST_CASE("a connection is kept and used again, and one that the server closed is replaced") {
  Hand hand;
  HttpClient client(hand.live.loop, {});
  for (int i = 0; i < 3; ++i) {
    Answer out;
    hand.live.scope.spawn(fetch(client, hand.request(), out));
    CHECK(hand.read(0).starts_with("GET / HTTP/1.1\r\n"));
    hand.write(0, kEmpty);
    CHECK(hand.live.until([&] { return out.has_value(); }));
    CHECK((*out)->status == 200);
  }
  CHECK(hand.sockets.size() == 1);
  ::shutdown(hand.sockets[0], SHUT_RDWR);
  Answer out;
  hand.live.scope.spawn(fetch(client, hand.request(), out));
  CHECK(hand.read(1).starts_with("GET"));
  hand.write(1, kEmpty);
  CHECK(hand.live.until([&] { return out.has_value(); }));
  CHECK((*out)->status == 200);
}

TEST_CASE("no more connections per host than allowed; the rest wait their turn") {
  Hand hand;
  runtime::HttpClientSettings settings;
  settings.max_connections_per_host = 2;
  settings.user_agent = "wa-test";
  HttpClient client(hand.live.loop, settings);
  std::vector<Answer> out(5);
  for (Answer& answer : out) hand.live.scope.spawn(fetch(client, hand.request(), answer));
  CHECK(hand.live.until([&] { return hand.sockets.size() == 2; }));
  hand.live.turn_for(50ms);
  CHECK(hand.sockets.size() == 2);
  CHECK(hand.read(0).find("User-Agent: wa-test\r\n") != std::string::npos);
  hand.write(0, kEmpty);
  for (int i = 0; i < 3; ++i) {
    CHECK(hand.read(0).starts_with("GET"));
    hand.write(0, kEmpty);
  }
  (void)hand.read(1);
  hand.write(1, kEmpty);
  CHECK(hand.live.until([&] { return hand.live.scope.running() == 0; }));
  CHECK(hand.sockets.size() == 2);
}

TEST_CASE("an answer that breaks off, or is no HTTP, is kUnavailable") {
  Hand hand;
  HttpClient client(hand.live.loop, {});
  const std::vector<std::string> answers{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "",
                                         "SSH-2.0-x\r\n"};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Answer out;
    hand.live.scope.spawn(fetch(client, hand.request(), out));
    (void)hand.read(i);
    hand.write(i, answers[i]);
    ::shutdown(hand.sockets[i], SHUT_RDWR);
    CHECK(hand.live.until([&] { return out.has_value(); }));
    CHECK(out->error().code == base::ErrorCode::kUnavailable);
  }
}

TEST_CASE("proxies of the environment are not used") {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  Hand hand;
  HttpClient client(hand.live.loop, {});
  Answer out;
  hand.live.scope.spawn(fetch(client, hand.request(), out));
  CHECK(hand.read(0).starts_with("GET / "));
  hand.write(0, kEmpty);
  CHECK(hand.live.until([&] { return out.has_value(); }));
  CHECK(out->has_value());
  unsetenv("http_proxy");
}

TEST_CASE("a total time-out runs on the loop's clock") {
  base::ManualClock clock;
  runtime::EventLoop loop(clock);
  runtime::TaskScope scope(loop);
  const auto listener = runtime::TcpListener::bind(loop, "127.0.0.1", 0, [](int socket, const std::string&) {
                          ::close(socket);
                        }).value();
  HttpClient client(loop, {});
  HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(listener->port()) + "/";
  request.total_timeout = 10s;
  Answer out;
  scope.spawn(fetch(client, request, out));
  clock.advance(10s);
  loop.run_until_idle();
  REQUIRE(out.has_value());
  CHECK(out->error().code == base::ErrorCode::kTimeout);
}

TEST_CASE("a name that does not resolve is kUnavailable") {
  LiveLoop live;
  HttpClient client(live.loop, {});
  HttpRequest request;
  request.url = "http://name.invalid/";
  Answer out;
  CHECK(live.finish(fetch(client, request, out)));
  CHECK(out->error().code == base::ErrorCode::kUnavailable);
}
