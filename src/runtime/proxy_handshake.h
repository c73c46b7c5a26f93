// What is said to a proxy before it passes bytes through: CONNECT of HTTP (RFC 9110 §9.3.6, Basic
// authentication) or SOCKS5 (RFC 1928, with user and password as in RFC 1929). Pure: bytes in, bytes out.
//
//   std::string out = handshake->begin();            // to the proxy
//   while (…) auto step = handshake->feed(bytes);    // from the proxy
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/egress.h"

namespace runtime {

/// Where the proxy is to connect to.
struct ProxyTarget {
  std::string host;  // a name or an address; IPv6 without brackets
  int port = 0;
};

class ProxyHandshake {
 public:
  struct Step {
    std::string to_send{};
    bool open = false;    // the proxy is through: everything from now on is the target's
    std::string early{};  // with `open`: bytes of the target that came along
  };

  virtual ~ProxyHandshake() = default;
  /// The first bytes to send.
  virtual std::string begin() = 0;
  /// kUnavailable when the proxy refuses, its own number in `detail` (HTTP status, SOCKS5 reply);
  /// kMalformed when it speaks something else.
  virtual base::Result<Step> feed(std::string_view bytes) = 0;
};

/// kInvalidArgument for a target that cannot be named to a proxy.
base::Result<std::unique_ptr<ProxyHandshake>> make_proxy_handshake(const Proxy& proxy,
                                                                   const ProxyTarget& target);

}  // namespace runtime
