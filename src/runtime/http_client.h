// An HTTP client on the loop: libcurl's multi socket interface, connections kept alive and shared.
//
// Every request says how it leaves the machine (Egress) and which addresses it may reach (AddressPolicy).
// Connections are shared only between requests that agree in both.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/address_policy.h"
#include "runtime/body_stream.h"
#include "runtime/egress.h"
#include "runtime/event_loop.h"
#include "runtime/http.h"
#include "runtime/task.h"

namespace runtime {

/// Redirects are answers like any other unless a request says otherwise. Followed ones go through every check
/// of the first URL, never from https to http, and take only harmless headers to another host. Method and
/// body stay, except after a 303.
struct Redirects {
  int most = 0;
  std::function<bool(const std::string& url)> allowed{};  // asked for each; absent: all
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  HttpHeaders headers{};
  std::string body{};
  BodySource* source = nullptr;  // instead of `body`; must outlive the request
  BodySink* sink = nullptr;      // instead of HttpResponse::body; must outlive the request
  Egress egress{};
  AddressPolicy addresses = AddressPolicy::kAny;
  Redirects redirects{};
  base::Duration connect_timeout{5'000};
  base::Duration total_timeout{10'000};  // zero: none
  base::Duration stall_timeout{0};       // without any byte in either direction; zero: none
  std::size_t max_response = 4u << 20;   // bytes of HttpResponse::body; a longer one is kLimit
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

  /// Any HTTP status is a value; proxies of the environment are not used. Errors: kTimeout, kUnavailable
  /// (DNS, connect, TLS, proxy, broken off), kLimit (response too long, too many redirects), kInvalidArgument
  /// (URL, headers, a forbidden redirect, an address that the policy forbids), kCancelled (the transfer is
  /// then aborted), and those of source and sink. The time-outs run on the loop's clock.
  Task<base::Result<HttpResponse>> send(HttpRequest request);

 private:
  std::shared_ptr<class CurlRoutes> routes_;  // shared with the requests that run
};

}  // namespace runtime
