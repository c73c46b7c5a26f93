#include "health/health_routes.h"

#include <nlohmann/json.hpp>

namespace worker {

using runtime::HttpResponse;
using runtime::ServerRequest;
using runtime::Task;

namespace {

HttpResponse answer(int status, std::string type, std::string body) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"content-type", std::move(type)}, {"cache-control", "no-store"}};
  response.body = std::move(body);
  return response;
}

}  // namespace

HealthRoutes::HealthRoutes(Metrics& metrics, HealthSources sources, runtime::HttpHandler next)
    : metrics_(metrics), sources_(std::move(sources)), next_(std::move(next)) {}

runtime::HttpHandler HealthRoutes::handler() {
  return [this](ServerRequest request) { return serve(this, std::move(request)); };
}

Task<HttpResponse> HealthRoutes::serve(HealthRoutes* self, ServerRequest request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.path == "/health" || request.path == "/health/live") {
    co_return reads ? self->health() : answer(405, "text/plain", "method not allowed\n");
  }
  if (request.path == "/ready" || request.path == "/health/ready") {
    co_return reads ? self->ready() : answer(405, "text/plain", "method not allowed\n");
  }
  if (request.path == "/metrics") {
    co_return reads ? self->metrics() : answer(405, "text/plain", "method not allowed\n");
  }
  if (self->next_) {
    auto answered = self->next_(std::move(request));
    co_return co_await std::move(answered);
  }
  co_return answer(404, "text/plain", "not found\n");
}

HttpResponse HealthRoutes::health() const {
  if (sources_.shards_turn()) return answer(200, "text/plain", "ok");
  return answer(503, "text/plain", "a shard has stopped turning\n");
}

HttpResponse HealthRoutes::ready() const {
  const Readiness state = sources_.readiness();
  nlohmann::json body;
  body["ready"] = state.answer == Readiness::Answer::kReady;
  body["edge"] = state.edge;
  body["discovery"] = state.discovery;
  body["instances"] = state.instances;
  body["targets"] = state.targets;
  body["lock_conflicts"] = state.lock_conflicts;
  const int status = state.answer == Readiness::Answer::kReady ? 200 : 503;
  return answer(status, "application/json", body.dump() + "\n");
}

HttpResponse HealthRoutes::metrics() const {
  sources_.refresh(metrics_);
  return answer(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.render());
}

}  // namespace worker
