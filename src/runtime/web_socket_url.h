// Addresses of WebSockets: ws://host[:port]/path and wss://…
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace runtime {

struct WebSocketUrl {
  bool tls = false;
  std::string host;  // a name or an address; IPv6 without brackets
  int port = 0;
  std::string path;  // with the query, beginning with '/'

  /// As in the Host header: the port only when it is not the usual one.
  [[nodiscard]] std::string authority() const;
};

/// kInvalidArgument when it is not such a URL.
base::Result<WebSocketUrl> parse_web_socket_url(std::string_view text);

}  // namespace runtime
