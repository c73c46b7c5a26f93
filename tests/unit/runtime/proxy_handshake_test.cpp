#include "runtime/proxy_handshake.h"

#include <doctest/doctest.h>

#include <memory>

using runtime::Egress;
using runtime::make_proxy_handshake;
using runtime::ProxyHandshake;
using runtime::ProxyTarget;

namespace {

std::unique_ptr<ProxyHandshake> handshake(const char* proxy, ProxyTarget target) {
  return make_proxy_handshake(*Egress::parse(proxy)->proxy(), target).value();
}

/// Every byte on its own: borders of reads mean nothing.
base::Result<ProxyHandshake::Step> drip(ProxyHandshake& handshake, std::string_view bytes) {
  ProxyHandshake::Step all;
  for (const char c : bytes) {
    WA_TRY(auto step, handshake.feed({&c, 1}));
    all.to_send += step.to_send;
    all.early += step.early;
    if (step.open) all.open = true;
  }
  return all;
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

}  // namespace

TEST_CASE("CONNECT names the target, with Basic credentials if there are any") {
  auto plain = handshake("http://p", {"web.whatsapp.com", 443});
  CHECK(plain->begin() == "CONNECT web.whatsapp.com:443 HTTP/1.1\r\nHost: web.whatsapp.com:443\r\n\r\n");
  auto login = handshake("https://Aladdin:open%20sesame@p", {"2001:db8::1", 80});
  CHECK(login->begin() ==
        "CONNECT [2001:db8::1]:80 HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n"
        "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
}

TEST_CASE("what follows the answer to CONNECT is the target's") {
  auto connect = handshake("http://p", {"a", 1});
  const auto step = connect->feed("HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello").value();
  CHECK(step.open);
  CHECK(step.early == "hello");
  auto slow = handshake("http://p", {"a", 1});
  CHECK(drip(*slow, "HTTP/1.0 200 \r\n\r\n")->open);
}

TEST_CASE("a proxy that refuses CONNECT, or is none, is an error") {
  const auto error_of = [](std::string_view answer) {
    return handshake("http://p", {"a", 1})->feed(answer).error();
  };
  CHECK(error_of("HTTP/1.1 407 No\r\n\r\n").code == base::ErrorCode::kUnavailable);
  CHECK(error_of("HTTP/1.1 407 No\r\n\r\n").detail == 407);
  CHECK(error_of("HTTP/1.1 502 Bad\r\n\r\n").detail == 502);
  CHECK(error_of("SSH-2.0-OpenSSH\r\n\r\n").code == base::ErrorCode::kMalformed);
  CHECK(error_of("HTTP/1.1 abc\r\n\r\n").code == base::ErrorCode::kMalformed);
  CHECK(error_of(std::string(20'000, 'x')).code == base::ErrorCode::kMalformed);
}

TEST_CASE("SOCKS5 asks for a name, and sends user and password when it has them") {
  auto plain = handshake("socks5h://p", {"ab.c", 443});
  CHECK(plain->begin() == bytes({5, 1, 0}));
  CHECK(drip(*plain, bytes({5, 0}))->to_send == bytes({5, 1, 0, 3, 4, 'a', 'b', '.', 'c', 1, 0xbb}));
  const auto step = drip(*plain, bytes({5, 0, 0, 3, 2, 'x', 'y', 0, 80})).value();
  CHECK(step.open);

  auto login = handshake("socks5h://u:pw@p", {"1.2.3.4", 80});
  CHECK(login->begin() == bytes({5, 1, 2}));
  CHECK(login->feed(bytes({5, 2}))->to_send == bytes({1, 1, 'u', 2, 'p', 'w'}));
  CHECK(login->feed(bytes({1, 0}))->to_send == bytes({5, 1, 0, 1, 1, 2, 3, 4, 0, 80}));
  const auto open = login->feed(bytes({5, 0, 0, 4}) + std::string(18, 'z') + "early").value();
  CHECK(open.open);
  CHECK(open.early == "early");
}

TEST_CASE("a SOCKS5 proxy that refuses, or is none, is an error") {
  auto no_method = handshake("socks5h://p", {"a.b", 1});
  CHECK(no_method->feed(bytes({5, 0xff})).error().detail == 407);
  auto no_login = handshake("socks5h://u:p@p", {"a.b", 1});
  CHECK(no_login->feed(bytes({5, 0})).error().detail == 407);
  auto wrong = handshake("socks5h://u:p@p", {"a.b", 1});
  (void)wrong->feed(bytes({5, 2}));
  CHECK(wrong->feed(bytes({1, 1})).error().detail == 407);
  auto refused = handshake("socks5h://p", {"a.b", 1});
  (void)refused->feed(bytes({5, 0}));
  CHECK(refused->feed(bytes({5, 5, 0, 1, 0, 0, 0, 0, 0, 0})).error().detail == 5);
  auto nonsense = handshake("socks5h://p", {"a.b", 1});
  CHECK(nonsense->feed("HTTP/1.1 400").error().code == base::ErrorCode::kMalformed);
}

TEST_CASE("a target that would end the request line is refused") {
  const auto& proxy = *Egress::parse("http://p")->proxy();
  CHECK_FALSE(make_proxy_handshake(proxy, {"a\r\nX: y", 1}).has_value());
  CHECK_FALSE(make_proxy_handshake(proxy, {"", 1}).has_value());
  CHECK_FALSE(make_proxy_handshake(proxy, {std::string(256, 'a'), 1}).has_value());
  CHECK_FALSE(make_proxy_handshake(proxy, {"a", 0}).has_value());
}
