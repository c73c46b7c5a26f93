// One attempt of one HTTP request to the edge. The seam below EdgeClient: production sends with the shard's
// HttpClient, tests play a script.
#pragma once

#include "base/result.h"
#include "runtime/http_client.h"
#include "runtime/task.h"

namespace edge {

class EdgeTransport {
 public:
  virtual ~EdgeTransport() = default;
  /// Any HTTP status is a value; errors as HttpClient::send.
  virtual runtime::Task<base::Result<runtime::HttpResponse>> attempt(runtime::HttpRequest request) = 0;
};

class HttpEdgeTransport final : public EdgeTransport {
 public:
  explicit HttpEdgeTransport(runtime::HttpClient& client) : client_(client) {}
  runtime::Task<base::Result<runtime::HttpResponse>> attempt(runtime::HttpRequest request) override;

 private:
  runtime::HttpClient& client_;
};

}  // namespace edge
