// The three routes an operator's platform asks: /health (is the process alive, are its shards turning),
// /ready (can it do its work: edge reachable, locks, instances by state) and /metrics.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "health/metrics.h"
#include "runtime/http_server.h"

namespace worker {

/// What /ready says.
struct Readiness {
  enum class Answer { kReady, kNotReady } answer = Answer::kNotReady;
  std::string edge;                              // "ok", "unknown", "unreachable", "unauthorized"
  std::string discovery;                         // "done", "not_yet", "failed"
  std::map<std::string, std::size_t> instances;  // by state
  std::size_t targets = 0;
  std::uint64_t lock_conflicts = 0;
};

struct HealthSources {
  /// False: a shard has not turned for too long. Callable on the server's loop.
  std::function<bool()> shards_turn;
  std::function<Readiness()> readiness;
  /// Brings the gauges up to date before a scrape.
  std::function<void(Metrics&)> refresh;
};

/// Answers the routes above; anything else goes to `next`, or is 404.
class HealthRoutes {
 public:
  HealthRoutes(Metrics& metrics, HealthSources sources, runtime::HttpHandler next = nullptr);
  [[nodiscard]] runtime::HttpHandler handler();

 private:
  static runtime::Task<runtime::HttpResponse> serve(HealthRoutes* self, runtime::ServerRequest request);
  [[nodiscard]] runtime::HttpResponse health() const;
  [[nodiscard]] runtime::HttpResponse ready() const;
  [[nodiscard]] runtime::HttpResponse metrics() const;

  Metrics& metrics_;
  HealthSources sources_;
  runtime::HttpHandler next_;
};

}  // namespace worker
