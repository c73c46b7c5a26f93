#include "edge/status_reporter.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scripted_transport.h"

using namespace std::chrono_literals;
using namespace edge;

namespace {

StatusUpdate status(const char* instance, InstanceStatus value) {
  StatusUpdate update;
  update.instance_id = instance;
  update.status = value;
  return update;
}

std::vector<std::string> statuses_sent(const ClientBench& bench) {
  std::vector<std::string> out;
  for (const auto& request : bench.transport.requests) {
    const auto body = nlohmann::json::parse(request.body);
    out.push_back(body["instanceId"].get<std::string>() + " " + body["status"].get<std::string>());
  }
  return out;
}

struct ReporterBench : ClientBench {
  StatusReporter reporter{loop, client, base::Log{}};
  ~ReporterBench() {
    scope.spawn(reporter.close());
    loop.run_until_idle();
  }
};

}  // namespace

TEST_CASE("while one status is retried, later ones replace each other and only the newest is sent") {
  ReporterBench bench;
  bench.transport.answer(503, "", {{"Retry-After", "10"}});
  bench.transport.answer(204);
  bench.reporter.report(status("a", InstanceStatus::kConnecting));
  bench.reporter.report(status("a", InstanceStatus::kDisconnected));
  bench.reporter.report(status("a", InstanceStatus::kConnected));
  CHECK(bench.reporter.pending() == 1);
  for (int i = 0; i < 20; ++i) bench.advance(1s);
  CHECK(statuses_sent(bench) == std::vector<std::string>{"a CONNECTING", "a CONNECTED"});
  CHECK(bench.reporter.pending() == 0);
}

TEST_CASE("a status without a successor is retried until it is delivered") {
  ReporterBench bench;
  for (int i = 0; i < 6; ++i) bench.transport.answer(500);
  bench.transport.answer(204);
  bench.reporter.report(status("a", InstanceStatus::kConnected), 5);
  for (int i = 0; i < 300; ++i) bench.advance(1s);
  CHECK(bench.transport.requests.size() == 7);
  CHECK(bench.sent_header(6, "X-Fencing-Token") == "5");
  CHECK(bench.reporter.pending() == 0);
}

TEST_CASE("instances do not wait for each other") {
  ReporterBench bench;
  bench.transport.answer(500);
  bench.transport.answer(204);
  bench.reporter.report(status("a", InstanceStatus::kConnected));
  bench.reporter.report(status("b", InstanceStatus::kConnected));
  CHECK(statuses_sent(bench) == std::vector<std::string>{"a CONNECTED", "b CONNECTED"});
  CHECK(bench.reporter.pending() == 1);
}

TEST_CASE("flush waits for the delivery, and no longer than its deadline") {
  ReporterBench bench;
  bench.transport.answer(500, "", {{"Retry-After", "5"}});
  bench.transport.answer(204);
  bench.reporter.report(status("a", InstanceStatus::kDisconnected));
  std::optional<base::Result<void>> too_early;
  std::optional<base::Result<void>> in_time;
  bench.start(bench.reporter.flush("a", bench.clock.now() + 1s), too_early);
  bench.start(bench.reporter.flush("a", bench.clock.now() + 60s), in_time);
  CHECK_FALSE(too_early);
  bench.advance(1s);
  REQUIRE(too_early);
  CHECK(too_early->error().code == base::ErrorCode::kTimeout);
  CHECK_FALSE(in_time);
  bench.advance(5s);
  REQUIRE(in_time);
  CHECK(in_time->has_value());
}
