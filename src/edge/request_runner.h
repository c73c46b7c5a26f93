// Runs one request of the contract to its end: headers, attempts, waits, and what the answers say about the
// edge. The typed calls of EdgeClient are thin shells around it.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "edge/edge_client.h"

namespace edge {

/// A request before it has headers.
struct EdgeRequest {
  std::string_view route;  // "/mark-sent": for metrics, logs and the memory of missing endpoints
  std::string method = "POST";
  std::string path;  // route and query
  std::string body;
  runtime::BodySource* source = nullptr;  // instead of `body`
  std::string_view content_type = "application/json; charset=utf-8";
  /// The words that name the fact of a POST, if the request itself does; the Idempotency-Key is made of them.
  std::vector<std::string_view> fact;
  enum class Endpoint { kRequired, kOptional } endpoint = Endpoint::kRequired;
  base::Duration timeout{};  // zero: the client's
  /// Answers beyond 2xx that the call understands itself; they are returned, not retried.
  bool (*is_answer)(const runtime::HttpResponse&) = nullptr;
};

struct EdgeAnswer {
  int status = 0;
  std::string body;
  base::Clock::time_point requested_at{};  // start of the attempt that was answered
};

class RequestRunner {
 public:
  RequestRunner(runtime::EventLoop& loop, EdgeTransport& transport, base::Random& random,
                EdgeClientSettings settings, base::Log log, RequestObserver observer);

  /// Errors as edge.h says.
  runtime::Task<base::Result<EdgeAnswer>> run(EdgeRequest request, Call call);

  [[nodiscard]] Reachability reachability() const { return reachability_; }
  [[nodiscard]] runtime::EventLoop& loop() const { return loop_; }
  [[nodiscard]] const EdgeClientSettings& settings() const { return settings_; }
  [[nodiscard]] const base::Log& log() const { return log_; }
  [[nodiscard]] base::Random& random() const { return random_; }

 private:
  using Response = base::Result<runtime::HttpResponse>;

  runtime::HttpRequest build(const EdgeRequest& request, const Call& call);
  std::string idempotency_key(const EdgeRequest& request, const Call& call);
  void observe(const EdgeRequest& request, const Response& response, base::Clock::time_point started);
  void note_reachability(Outcome outcome, const EdgeRequest& request, const Response& response);
  void explain_unauthorized(const EdgeRequest& request, const runtime::HttpResponse& response);
  base::Error error_of(Outcome outcome, const EdgeRequest& request, const Response& response);
  base::Error not_implemented(std::string_view route) const;
  [[nodiscard]] bool known_missing(const EdgeRequest& request) const;
  void remember_missing(const EdgeRequest& request);
  [[nodiscard]] bool may_retry(Outcome outcome, const Call& call, base::Duration wait) const;
  /// The first 220 characters of an answer, on one line, without our secrets.
  [[nodiscard]] std::string excerpt(std::string_view body) const;

  runtime::EventLoop& loop_;
  EdgeTransport& transport_;
  base::Random& random_;
  EdgeClientSettings settings_;
  RetryPolicy policy_;
  base::Log log_;
  RequestObserver observer_;
  Reachability reachability_ = Reachability::kUnknown;
  std::map<std::string_view, base::Clock::time_point> missing_until_;  // keyed by route constants
};

}  // namespace edge
