#include <doctest/doctest.h>

#include "edge_bench.h"
#include "edge_server/router.h"

using namespace edge_server;

namespace {

std::string concrete(std::string_view pattern) {
  std::string path{pattern};
  for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}') - open + 1, "x");
  return path;
}

}  // namespace

TEST_CASE("every worker route wants the worker's secret, every people's route an API key") {
  EdgeBench bench;
  for (const auto& table : {worker_routes(), people_routes()}) {
    for (const auto& route : table) {
      CAPTURE(route.pattern);
      const std::string method{route.method};
      const auto path = concrete(route.pattern);
      const bool worker = route.access == Access::kWorker;
      CHECK(route.access != Access::kOpen);
      CHECK(bench.ask(method, path, "{}", "").status == 401);
      CHECK(bench.ask(method, path, "{}", "wrong").status == 401);
      CHECK(bench.ask(method, path, "{}", worker ? kApiKey : kWorkerSecret).status == 401);
      CHECK(bench.ask(method, path, "{}", worker ? kWorkerSecret : kApiKey).status != 401);
    }
  }
}

TEST_CASE("hostile bodies are answered, not obeyed") {
  EdgeBench bench;
  bench.create("i1");
  for (const std::string& body :
       {std::string{""}, std::string{"{"}, std::string{"[]"}, std::string{"null"}, std::string(100'000, '['),
        std::string{R"({"instanceId":{}})"}, std::string{R"({"instanceId":"i1","status":"HACKED"})"}}) {
    for (const auto& route : worker_routes()) {
      if (route.method != "POST") continue;
      CAPTURE(route.pattern);
      const auto reply = bench.as_worker("POST", std::string{route.pattern}, body);
      const bool claims_nothing = route.pattern == "/queued-messages/claim" && body.starts_with('{');
      CHECK((reply.status == 400 || reply.status == 413 || claims_nothing));
    }
  }
}

TEST_CASE("unknown paths are 404, other methods 405, both as problems") {
  EdgeBench bench;
  const auto missing = bench.ask("GET", "/v2/instances");
  CHECK(missing.status == 404);
  CHECK(runtime::header(missing.headers, "Content-Type") == "application/problem+json");
  const auto other = bench.ask("PUT", "/v1/instances");
  CHECK(other.status == 405);
  CHECK(runtime::header(other.headers, "Allow") == "GET, POST");
}

TEST_CASE("without a configured key the first start makes one, shows it once and keeps only a hash") {
  TemporaryFolder folder;
  base::ManualClock clock;
  base::SeededRandom random{1};
  runtime::EventLoop loop(clock);
  runtime::BlockingExecutor executor{1};
  EdgeServerSettings settings;
  settings.listen = Listen::kNowhere;
  settings.data_folder = folder.path();
  settings.worker_secret = kWorkerSecret;
  std::string key;
  for (int start = 0; start < 2; ++start) {
    auto server = EdgeServer::start(loop, executor, settings, random, base::Log{}).value();
    if (start == 0) key = server->first_api_key();
    if (start == 1) CHECK(server->first_api_key().empty());
    runtime::TaskScope scope(loop);
    runtime::ServerRequest request;
    request.method = "GET";
    request.path = "/v1/instances";
    request.headers = {{"X-API-Key", key}};
    std::optional<runtime::HttpResponse> reply;
    scope.spawn(EdgeBench::keep(server->handler()(request), reply));
    while (!reply) loop.run_until_idle();
    CHECK(reply->status == 200);
    scope.spawn(server->close());
    while (scope.running() > 0) loop.run_until_idle();
  }
  CHECK(key.starts_with("wak_"));
}

TEST_CASE("a session key opens the page's address and the API, for this process only") {
  EdgeServerSettings settings;
  settings.session_key = SessionKey::kMake;
  EdgeBench bench(settings);
  const auto url = bench.server->page_url(3000);
  REQUIRE(url.starts_with("http://localhost:3000/#key=wak_"));
  CHECK(bench.ask("GET", "/v1/instances", "", url.substr(url.find('=') + 1)).status == 200);
  EdgeBench other;
  CHECK(other.ask("GET", "/v1/instances", "", url.substr(url.find('=') + 1)).status == 401);
  CHECK(other.server->page_url(3000) == "http://localhost:3000/");
}

TEST_CASE("settings that cannot be right are refused") {
  base::ManualClock clock;
  base::SeededRandom random{1};
  runtime::EventLoop loop(clock);
  runtime::BlockingExecutor executor{1};
  EdgeServerSettings settings;
  settings.listen = Listen::kNowhere;
  settings.worker_secret = "short";
  const auto refused = EdgeServer::start(loop, executor, settings, random, base::Log{});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kInvalidArgument);
}
