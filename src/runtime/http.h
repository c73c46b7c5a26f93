// HTTP messages, the same for our client and our server.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runtime {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// First value of `name` (any case), or empty.
std::string_view header(const HttpHeaders& headers, std::string_view name);

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
};

/// Percent-encodes everything but unreserved characters.
std::string url_encode(std::string_view text);
/// Decodes %XX and, in query values, '+'. A broken escape stays as it is.
std::string url_decode(std::string_view text);

}  // namespace runtime
