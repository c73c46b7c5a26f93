#include "runtime/egress.h"

#include <doctest/doctest.h>

using runtime::Egress;
using runtime::Proxy;

TEST_CASE("a proxy URL says scheme, place and credentials") {
  const auto egress = Egress::parse("socks5h://us%65r-1:p%40ss%3Aw%2f%25@[2001:db8::1]:9050/").value();
  REQUIRE(egress.proxy() != nullptr);
  CHECK(egress.proxy()->kind == Proxy::Kind::kSocks5h);
  CHECK(egress.proxy()->lookup() == Proxy::Lookup::kAtProxy);
  CHECK(egress.proxy()->host == "2001:db8::1");
  CHECK(egress.proxy()->port == 9050);
  CHECK(egress.proxy()->user == "user-1");
  CHECK(egress.proxy()->password == "p@ss:w/%");
  CHECK(egress.description() == "socks5h://[2001:db8::1]:9050");
}

TEST_CASE("the usual ports and an empty URL need not be written") {
  CHECK(Egress::parse("")->is_direct());
  CHECK(Egress::parse("")->description() == "direct");
  CHECK(Egress::parse("http://proxy.example")->proxy()->port == 80);
  CHECK(Egress::parse("HTTPS://proxy.example")->proxy()->port == 443);
  CHECK(Egress::parse("socks5://proxy.example")->proxy()->port == 1080);
  CHECK(Egress::parse("socks5://proxy.example")->proxy()->lookup() == Proxy::Lookup::kHere);
  CHECK(*Egress::parse("http://a") == *Egress::parse("http://a:80/"));
  CHECK_FALSE(*Egress::parse("http://a") == *Egress::parse("http://b:c@a"));
  CHECK_FALSE(*Egress::parse("http://a") == Egress{});
}

TEST_CASE("a proxy URL that is none is refused, and the refusal does not repeat it") {
  for (const char* url : {"proxy.example:8080",
                          "ftp://proxy.example",
                          "socks4://a",
                          "http://",
                          "http://:80",
                          "http://a:0",
                          "http://a:65536",
                          "http://a:80x",
                          "http://a:",
                          "http://a/path",
                          "http://a?x",
                          "http://a b",
                          "http://a\n",
                          "http://[::1",
                          "http://u:sekret%zz@a",
                          "http://u:sekret%0d%0a@a",
                          "http://u:sekret%@a",
                          "socks5://user-only@a",
                          "socks5h://:sekret@a",
                          "http://us%3aer:sekret@a",
                          "://a",
                          "http//a"}) {
    CAPTURE(url);
    const auto egress = Egress::parse(url);
    REQUIRE_FALSE(egress.has_value());
    CHECK(egress.error().code == base::ErrorCode::kInvalidArgument);
    CHECK_FALSE(egress.error().message.contains("sekret"));
  }
  CHECK_FALSE(Egress::parse("socks5://" + std::string(256, 'u') + ":p@a").has_value());
}
