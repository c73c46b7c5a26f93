#include <doctest/doctest.h>

#include "edge_bench.h"

using namespace std::chrono_literals;
using namespace edge_server;
using Json = nlohmann::json;

namespace {
Json ask(EdgeBench& bench, const std::string& name, Json args = Json::object()) {
  return bench.json("POST", "/v1/instances/i1/commands", Json{{"name", name}, {"args", args}}.dump());
}
}  // namespace

TEST_CASE("a command comes with the queue, and its result goes back to the person") {
  EdgeBench bench;
  bench.create("i1");
  const auto asked = ask(bench, "group.create", {{"subject", "Team"}});
  CHECK(asked["state"] == "waiting");
  const auto listing = bench.await(bench.client->queued_messages("i1", {})).value();
  REQUIRE(listing.commands.size() == 1);
  CHECK(listing.commands[0].id == asked["id"]);
  CHECK(listing.commands[0].name == "group.create");
  CHECK(listing.commands[0].args_json == R"({"subject":"Team"})");

  edge::CommandResult result{listing.commands[0].id, "i1", R"({"group":"1@g.us"})", "", ""};
  CHECK(bench.await(bench.client->command_result(result, {})));
  result.error_code = "too_late";
  CHECK(bench.await(bench.client->command_result(result, {})));  // the first answer counts
  const auto shown = bench.json("GET", "/v1/instances/i1/commands/" + listing.commands[0].id);
  CHECK(shown["state"] == "succeeded");
  CHECK(shown["result"]["group"] == "1@g.us");
}

TEST_CASE("a command in the worker's hands is given out again only when it stays unanswered") {
  EdgeBench bench;
  bench.create("i1");
  (void)ask(bench, "presence.subscribe");
  CHECK(bench.await(bench.client->commands("i1", {})).value().size() == 1);
  CHECK(bench.await(bench.client->commands("i1", {})).value().empty());
  bench.clock.advance(31s);
  CHECK(bench.await(bench.client->commands("i1", {})).value().size() == 1);
  bench.clock.advance(601s);
  CHECK(bench.await(bench.client->commands("i1", {})).value().empty());
}

TEST_CASE("settings of an instance are handed on to the worker") {
  EdgeBench bench;
  bench.create("i1");
  (void)bench.json("PATCH", "/v1/instances/i1", R"({"settings":{"logout":true}})");
  const auto eligible = bench.await(bench.client->eligible_instances(10, {})).value();
  REQUIRE(eligible.size() == 1);
  CHECK(eligible[0].settings_json == R"({"logout":true})");
}
