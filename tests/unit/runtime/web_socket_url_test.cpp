#include "runtime/web_socket_url.h"

#include <doctest/doctest.h>

using runtime::parse_web_socket_url;

TEST_CASE("URLs of WebSockets are taken apart") {
  const auto plain = parse_web_socket_url("ws://example.org").value();
  CHECK(!plain.tls);
  CHECK(plain.port == 80);
  CHECK(plain.path == "/");
  CHECK(plain.authority() == "example.org");

  const auto full = parse_web_socket_url("wss://example.org:8443/ws/chat?ED=1#part").value();
  CHECK(full.tls);
  CHECK(full.port == 8443);
  CHECK(full.path == "/ws/chat?ED=1");
  CHECK(full.authority() == "example.org:8443");

  const auto v6 = parse_web_socket_url("ws://[::1]:9?x").value();
  CHECK(v6.host == "::1");
  CHECK(v6.port == 9);
  CHECK(v6.path == "/?x");
  CHECK(v6.authority() == "[::1]:9");
}

TEST_CASE("what is no URL of a WebSocket is kInvalidArgument") {
  for (const char* text : {"", "example.org", "https://x", "ws://", "ws://:80", "ws://x:", "ws://x:65536",
                           "ws://[::1", "ws://[::1]80", "ws://a@b", "ws://x/\r\nX: y"})
    CHECK(parse_web_socket_url(text).error().code == base::ErrorCode::kInvalidArgument);
}
