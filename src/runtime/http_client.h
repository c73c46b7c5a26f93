// An HTTP client on the loop: libcurl's multi socket interface, connections kept alive and shared.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/http.h"
#include "runtime/task.h"

namespace runtime {

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  HttpHeaders headers{};
  std::string body{};
  base::Duration connect_timeout{5'000};
  base::Duration total_timeout{10'000};
  std::size_t max_response = 4u << 20;  // bytes; a longer body is kLimit
};

struct HttpClientSettings {
  std::string ca_file{};  // extra trusted roots, PEM
  std::string user_agent{};
  long max_connections_per_host = 8;
};

class HttpClient {
 public:
  HttpClient(EventLoop& loop, HttpClientSettings settings);
  ~HttpClient();  // running requests end with kClosed
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any HTTP status is a value; redirects are not followed, proxies of the environment not used. Errors:
  /// kTimeout, kUnavailable (DNS, connect, TLS, broken off), kLimit, kInvalidArgument (URL, headers),
  /// kCancelled (the transfer is then aborted). The total time-out runs on the loop's clock.
  Task<base::Result<HttpResponse>> send(HttpRequest request);

 private:
  std::shared_ptr<class CurlMulti> multi_;  // shared with the requests that run
};

}  // namespace runtime
