// Where an HTTP URL leads, read the way libcurl reads it, and where a redirect leads from there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/http.h"

namespace runtime {

struct HttpTarget {
  std::string scheme;  // "http" or "https"
  std::string host;    // numeric IPv4 in its usual form, IPv6 in brackets
  std::string port;
  friend bool operator==(const HttpTarget&, const HttpTarget&) = default;
};

/// kInvalidArgument for anything but http:// and https:// URLs.
base::Result<HttpTarget> parse_http_target(const std::string& url);

/// A status that sends the client elsewhere, with a Location.
bool is_redirect(const HttpResponse& response);

/// `location` as seen from `base`; relative ones are allowed.
base::Result<std::string> resolve_location(const std::string& base, std::string_view location);

}  // namespace runtime
