#include "health/health_routes.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "runtime/task_scope.h"

using runtime::HttpResponse;
using runtime::ServerRequest;
using runtime::Task;
using worker::Readiness;

namespace {

struct Fixture {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  worker::Metrics metrics;
  bool turning = true;
  Readiness state;
  int refreshed = 0;

  worker::HealthSources sources() {
    worker::HealthSources out;
    out.shards_turn = [this] { return turning; };
    out.readiness = [this] { return state; };
    out.refresh = [this](worker::Metrics& all) {
      ++refreshed;
      all.set_instances("connected", 3);
    };
    return out;
  }
  static Task<void> ask(runtime::HttpHandler handler, ServerRequest request,
                        std::optional<HttpResponse>* out) {
    auto answered = handler(std::move(request));
    out->emplace(co_await std::move(answered));
  }
  HttpResponse get(worker::HealthRoutes& routes, std::string path, std::string method = "GET") {
    ServerRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    std::optional<HttpResponse> out;
    runtime::TaskScope scope(loop);
    scope.spawn(ask(routes.handler(), std::move(request), &out));
    loop.run_until_idle();
    REQUIRE(out);
    return *out;
  }
  static Task<HttpResponse> echo_path(ServerRequest request) {
    HttpResponse response;
    response.status = 202;
    response.body = request.path;
    co_return response;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "/health is ok while every shard turns, and 503 when one hangs") {
  worker::HealthRoutes routes(metrics, sources());
  CHECK(get(routes, "/health").body == "ok");
  turning = false;
  CHECK(get(routes, "/health").status == 503);
}

TEST_CASE_FIXTURE(Fixture, "/ready tells the state in JSON and is 503 until it can work") {
  worker::HealthRoutes routes(metrics, sources());
  state.edge = "unreachable";
  CHECK(get(routes, "/ready").status == 503);
  state = {Readiness::Answer::kReady, "ok", "done", {{"connected", 2}}, 2, 1};
  const auto answer = get(routes, "/ready");
  CHECK(answer.status == 200);
  const auto body = nlohmann::json::parse(answer.body);
  CHECK(body["edge"] == "ok");
  CHECK(body["instances"]["connected"] == 2);
  CHECK(body["lock_conflicts"] == 1);
}

TEST_CASE_FIXTURE(Fixture, "/metrics brings gauges up to date and speaks the exposition format") {
  worker::HealthRoutes routes(metrics, sources());
  metrics.connection_closed("replaced");
  metrics.edge_request("/mark-sent", 503, std::chrono::duration<double>{0.2});
  const auto text = get(routes, "/metrics").body;
  CHECK(refreshed == 1);
  CHECK(text.find("wa_instances{state=\"connected\"} 3") != std::string::npos);
  CHECK(text.find("wa_connection_closes_total{reason=\"replaced\"} 1") != std::string::npos);
  CHECK(text.find("wa_edge_request_seconds_count") != std::string::npos);
  CHECK(text.find("process_open_fds") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "other paths go to the next handler, or are 404; other methods are refused") {
  worker::HealthRoutes alone(metrics, sources());
  CHECK(get(alone, "/v1/instances").status == 404);
  CHECK(get(alone, "/health", "POST").status == 405);
  worker::HealthRoutes mounted(metrics, sources(), &Fixture::echo_path);
  CHECK(get(mounted, "/v1/instances").status == 202);
  CHECK(get(mounted, "/v1/instances").body == "/v1/instances");
}
