#include "whatsapp/client/media/media_hosts.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using whatsapp::download_hosts;
using whatsapp::read_media_conn;
using whatsapp::binary::Node;

namespace {

Node host(const char* name, const char* type = nullptr) {
  Node node = Node("host").with("hostname", name);
  if (type != nullptr) node.set("type", type);
  return node;
}

Node answer(std::vector<Node> hosts, const char* auth = "a+b/c", const char* ttl = "300") {
  Node conn = Node("media_conn").with("auth", auth).with("ttl", ttl);
  for (Node& one : hosts) conn.add_child(std::move(one));
  return Node("iq").add(std::move(conn));
}

}  // namespace

TEST_CASE("primaries come first, fallbacks last, each once; nonsense is left out") {
  Node second = host("b.whatsapp.net", "primary");
  second.set("fallback_hostname", "c.whatsapp.net");
  const auto found = read_media_conn(
      answer({host("f.whatsapp.net", "fallback"), host("a.whatsapp.net"), second, host("evil/../x"), host(""),
              host("a.whatsapp.net"), host("x@y"), Node("other")}),
      0);
  REQUIRE(found.has_value());
  CHECK(found->hosts ==
        std::vector<std::string>{"a.whatsapp.net", "b.whatsapp.net", "f.whatsapp.net", "c.whatsapp.net"});
  CHECK(found->auth == "a+b/c");
  CHECK(found->valid_for == 300s);
  CHECK(download_hosts(found->hosts, {"mmg.whatsapp.net", "a.whatsapp.net"}).back() == "mmg.whatsapp.net");
  CHECK(download_hosts({}, {"mmg.whatsapp.net"}) == std::vector<std::string>{"mmg.whatsapp.net"});
}

TEST_CASE("the shorter life counts, dates are understood, and nothing is kept for more than a day") {
  const auto life = [](const char* ttl, const char* auth_ttl, std::int64_t now) {
    Node iq = answer({host("a")}, "x", ttl);
    Node conn = *iq.child("media_conn");
    conn.set("auth_ttl", auth_ttl);
    return read_media_conn(Node("iq").add(conn), now)->valid_for;
  };
  CHECK(life("300", "21600", 0) == 300s);
  CHECK(life("300", "60", 0) == 60s);
  CHECK(life("1760000600", "21600", 1'760'000'000) == 600s);
  CHECK(life("99999999", "99999999", 0) == 24h);
}

TEST_CASE("an answer without permission, hosts or life is none") {
  CHECK_FALSE(read_media_conn(answer({}), 0).has_value());
  CHECK_FALSE(read_media_conn(answer({host("a")}, ""), 0).has_value());
  CHECK_FALSE(read_media_conn(answer({host("a")}, "x", "0"), 0).has_value());
  CHECK_FALSE(read_media_conn(answer({host("a")}, "x", "-5"), 0).has_value());
  CHECK_FALSE(read_media_conn(Node("iq"), 0).has_value());
}
