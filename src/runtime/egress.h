// How the sockets of one account leave this machine: directly, or through a proxy of its own. Every outgoing
// connection of an account carries the same Egress, so that no part of it shows another address than the
// rest.
//
// It fails closed: a proxy that is away, that refuses, or whose URL is wrong is an error, never a direct
// connection. With http, https and socks5h proxies the names of targets are looked up at the proxy, not here;
// with socks5 they are looked up here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace runtime {

struct Proxy {
  enum class Kind : std::uint8_t { kHttp, kHttps, kSocks5, kSocks5h };
  enum class Lookup : std::uint8_t { kHere, kAtProxy };

  Kind kind = Kind::kHttp;
  std::string host;  // a name or an address; IPv6 without brackets
  int port = 0;
  std::string user;  // decoded; empty: the proxy asks for none
  std::string password;

  [[nodiscard]] bool is_socks() const { return kind == Kind::kSocks5 || kind == Kind::kSocks5h; }
  [[nodiscard]] bool has_credentials() const { return !user.empty() || !password.empty(); }
  [[nodiscard]] Lookup lookup() const { return kind == Kind::kSocks5 ? Lookup::kHere : Lookup::kAtProxy; }
  friend bool operator==(const Proxy&, const Proxy&) = default;
};

class Egress {
 public:
  /// Direct.
  Egress() = default;
  /// From scheme://[user[:password]@]host[:port], with http, https, socks5 or socks5h; user and password
  /// percent-encoded; the port by default 80, 443 or 1080. An empty text is direct. kInvalidArgument for
  /// anything else, with a sentence that does not repeat the URL.
  static base::Result<Egress> parse(std::string_view proxy_url);

  /// nullptr: direct.
  [[nodiscard]] const Proxy* proxy() const { return proxy_.get(); }
  [[nodiscard]] bool is_direct() const { return proxy_ == nullptr; }
  /// For logs: "direct", "socks5h://proxy.example:1080". Never with credentials.
  [[nodiscard]] std::string description() const;

  friend bool operator==(const Egress& a, const Egress& b) {
    if (a.proxy_ == nullptr || b.proxy_ == nullptr) return a.proxy_ == b.proxy_;
    return *a.proxy_ == *b.proxy_;
  }

 private:
  std::shared_ptr<const Proxy> proxy_;  // shared: an Egress is copied into every request
};

/// "http", "https", "socks5", "socks5h".
std::string_view scheme_of(Proxy::Kind kind);

}  // namespace runtime
