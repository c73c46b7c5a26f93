#include <doctest/doctest.h>

#include "edge_bench.h"

using namespace std::chrono_literals;
using namespace edge_server;
using Json = nlohmann::json;

TEST_CASE("instances are made, changed, listed to workers by priority, and deleted") {
  EdgeBench bench;
  CHECK(bench.ask("POST", "/v1/instances", R"({"id":"low","name":"Low"})").status == 201);
  const auto made = bench.json("POST", "/v1/instances", R"({"priority":9,"pairing_phone":"5511"})");
  CHECK(made["id"].get<std::string>().size() == 36);
  CHECK(bench.ask("POST", "/v1/instances", R"({"id":"low"})").status == 409);
  CHECK(bench.ask("POST", "/v1/instances", R"({"id":"../x"})").status == 400);
  CHECK(bench.ask("POST", "/v1/instances", R"({"priority":"much"})").status == 400);

  const auto eligible = bench.await(bench.client->eligible_instances(10, {}));
  REQUIRE(eligible->size() == 2);
  CHECK((*eligible)[0].id == made["id"]);
  CHECK((*eligible)[0].pairing_phone == "5511");
  CHECK((*eligible)[1].display_name == "Low");

  CHECK(bench.json("PATCH", "/v1/instances/low", R"({"enabled":false})")["enabled"] == false);
  CHECK(bench.json("GET", "/v1/instances/low")["name"] == "Low");
  CHECK(bench.await(bench.client->eligible_instances(10, {}))->size() == 1);
  CHECK(bench.ask("DELETE", "/v1/instances/low").status == 204);
  CHECK(bench.ask("GET", "/v1/instances/low").status == 404);
  CHECK(bench.ask("DELETE", "/v1/instances/low").status == 404);
  CHECK(bench.json("GET", "/v1/instances")["data"].size() == 1);
}

TEST_CASE("more instances than fit a page are followed by the worker's client") {
  EdgeBench bench;
  for (int i = 0; i < 60; ++i)
    bench.ask("POST", "/v1/instances", Json{{"id", "n" + std::to_string(i)}, {"priority", i % 7}}.dump());
  const auto page = Json::parse(bench.as_worker("GET", "/eligible-instances?enabled=true&limit=50").body);
  CHECK(page["instances"].size() == 50);
  CHECK_FALSE(page["next_cursor"].is_null());
  CHECK(bench.await(bench.client->eligible_instances(0, {}))->size() == 60);
  // The client asks for 50 at least, so the second page is reached with a limit between the two.
  const auto followed = bench.await(bench.client->eligible_instances(55, {}));
  CHECK(followed->size() == 55);
}

TEST_CASE("the status that a worker tells is what people see; a QR fades when it is old or used") {
  EdgeBench bench;
  bench.create("i1");
  edge::StatusUpdate update;
  update.instance_id = "i1";
  update.qr_code = "data:image/png;base64,AAAA";
  update.qr = "2@raw";
  CHECK(bench.await(bench.client->update_status(update, {})));
  CHECK(bench.json("GET", "/v1/instances/i1")["qr_code"] == "data:image/png;base64,AAAA");
  CHECK(bench.json("GET", "/v1/instances/i1")["qr"] == "2@raw");

  edge::StatusUpdate retrying;
  retrying.instance_id = "i1";
  retrying.reason = "timed_out";
  retrying.attempt = 3;
  CHECK(bench.await(bench.client->update_status(retrying, {})));
  const auto shown = bench.json("GET", "/v1/instances/i1");
  CHECK(shown["qr_code"] == "data:image/png;base64,AAAA");  // an absent qr_code leaves it
  CHECK(shown["reason"] == "timed_out");
  CHECK(shown["attempt"] == 3);
  bench.clock.advance(75s);
  CHECK(bench.json("GET", "/v1/instances/i1")["qr_code"].is_null());

  edge::StatusUpdate connected;
  connected.instance_id = "i1";
  connected.status = edge::InstanceStatus::kConnected;
  connected.jid = "5511:2@s.whatsapp.net";
  CHECK(bench.await(bench.client->update_status(connected, {})));
  const auto open = bench.json("GET", "/v1/instances/i1");
  CHECK(open["status"] == "CONNECTED");
  CHECK(open["jid"] == "5511:2@s.whatsapp.net");
  CHECK(open["reason"].is_null());
  CHECK(open["qr_code"].is_null());
}

TEST_CASE("worker settings tell the capabilities, and a limit if there is one") {
  EdgeServerSettings settings;
  settings.max_active_instances = 12;
  EdgeBench bench(settings);
  const auto told = bench.await(bench.client->worker_settings({}));
  CHECK(told->max_active_instances == 12);
  CHECK(told->has("queue.batch"));
  CHECK(told->has("lock.batch"));
  CHECK(told->has("events"));
  EdgeBench other;
  CHECK_FALSE(other.await(other.client->worker_settings({}))->max_active_instances);
}

TEST_CASE("what is stored survives a restart of the edge") {
  TemporaryFolder folder;
  {
    EdgeBench first;
    first.create("i1");
    first.json("POST", "/v1/instances/i1/messages", R"({"to":"5511999999999","body":"later"})");
    for (const char* file : {"edge.db", "edge.db-wal"})
      if (std::filesystem::exists(first.folder.path() + "/" + file))
        std::filesystem::copy(first.folder.path() + "/" + file, folder.path() + "/" + file);
  }
  EdgeBench second;
  base::ManualClock clock;
  runtime::EventLoop loop(clock);
  EdgeServerSettings settings;
  settings.listen = Listen::kNowhere;
  settings.data_folder = folder.path();
  settings.worker_secret = kWorkerSecret;
  settings.api_key = kApiKey;
  auto server = EdgeServer::start(second.loop, second.executor, settings, second.random, base::Log{}).value();
  runtime::ServerRequest request;
  request.method = "GET";
  request.path = "/queued-messages";
  request.query = {{"instanceId", "i1"}};
  request.headers = {{"Authorization", std::string("Bearer ") + kWorkerSecret}};
  const auto reply = second.await(server->handler()(request));
  CHECK(Json::parse(reply.body)["messages"][0]["body"] == "later");
  second.scope.spawn(server->close());
  second.turn_until([&] { return second.scope.running() == 0; });
}
