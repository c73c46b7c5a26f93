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
/// Names of headers do not care about case.
bool same_header_name(std::string_view a, std::string_view b);
/// A token of RFC 9110 §5.6.2.
bool is_header_name(std::string_view name);
/// Without CR, LF and NUL: nothing that could smuggle in another header.
bool is_header_value(std::string_view value);

struct HttpResponse {
  int status = 200;
  HttpHeaders headers{};
  std::string body{};
};

/// "Not Found"; "Status" for a number without a common phrase.
std::string_view reason_phrase(int status);

/// Percent-encodes everything but unreserved characters.
std::string url_encode(std::string_view text);
/// Decodes a query name or value: %XX, and '+' to a space. A broken escape stays as it is.
std::string url_decode(std::string_view text);
/// Decodes a path: %XX only, '+' is itself.
std::string path_decode(std::string_view text);

}  // namespace runtime
