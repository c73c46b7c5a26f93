#include "commands/command_runner.h"

#include "unit/connection/store_bench.h"
#include "unit/instance_manager/fake_edge.h"

using namespace worker;
using namespace std::chrono_literals;
using base::ErrorCode;

namespace {

class CommandEdge final : public worker::testing::FakeEdge {
 public:
  using FakeEdge::FakeEdge;
  Reply<std::vector<edge::InstanceCommand>> commands(std::string, edge::Call) override {
    ++asked;
    co_return waiting;
  }
  Reply<void> command_result(edge::CommandResult result, edge::Call) override {
    results.push_back(std::move(result));
    co_return base::Result<void>{};
  }
  int asked = 0;
  std::vector<edge::InstanceCommand> waiting;
  std::vector<edge::CommandResult> results;
};

class FakeExecutor final : public CommandExecutor {
 public:
  explicit FakeExecutor(runtime::EventLoop& loop) : loop_(loop) {}
  runtime::Task<base::Result<std::string>> execute(std::string name, std::string args) override {
    executed.push_back(name + args);
    if (name == "slow") {
      const auto slept = co_await runtime::sleep_for(loop_, 10s);
      if (!slept) co_return base::fail(slept.error());
    }
    if (name == "nonsense") co_return base::fail(ErrorCode::kNotFound, "no such command");
    co_return std::string{R"({"group":"1@g.us"})"};
  }
  [[nodiscard]] Repetition repetition(const std::string& name) const override {
    return name == "list" ? Repetition::kHarmless : Repetition::kHarmful;
  }
  std::vector<std::string> executed;

 private:
  runtime::EventLoop& loop_;
};

struct Bench : worker::testing::StoreBench {
  CommandEdge edge{clock};
  edge::Capabilities capabilities;
  FakeExecutor executor_of_commands{loop};
  CommandRunner runner{{.loop = loop,
                        .edge = edge,
                        .capabilities = capabilities,
                        .store = store,
                        .executor = executor_of_commands,
                        .random = random,
                        .log = {},
                        .fence = 1},
                       {.instance_id = "shop"}};
  Bench() {
    edge::WorkerSettings settings;
    settings.capabilities = {"commands"};
    capabilities.learn(settings);
    scope.spawn(runner.run());
  }
  std::vector<std::string>& executed() { return executor_of_commands.executed; }
};

}  // namespace

TEST_CASE("a command is carried out once, however often it is given out, and told each time") {
  Bench bench;
  const edge::InstanceCommand command{"c1", "shop", "group.create", "{}"};
  bench.runner.add(command);
  bench.runner.add(command);
  bench.settle();
  CHECK(bench.executed() == std::vector<std::string>{"group.create{}"});
  REQUIRE(bench.edge.results.size() == 1);
  CHECK(bench.edge.results[0].result_json == R"({"group":"1@g.us"})");
  bench.runner.add(command);
  bench.settle();
  CHECK(bench.executed().size() == 1);
  REQUIRE(bench.edge.results.size() == 2);
  CHECK(bench.edge.results[1].result_json == bench.edge.results[0].result_json);
}

TEST_CASE("a command that a crash cut short is not begun anew unless that is harmless") {
  Bench bench;
  whatsapp::store::Changes begun;
  begun.records = {{"command", "c1", {}, 0}, {"command", "c2", {}, 0}};
  bench.commit(std::move(begun));
  bench.runner.add({"c1", "shop", "group.create", "{}"});
  bench.runner.add({"c2", "shop", "list", "{}"});
  bench.settle();
  CHECK(bench.executed() == std::vector<std::string>{"list{}"});
  REQUIRE(bench.edge.results.size() == 2);
  for (const auto& result : bench.edge.results)
    CHECK(result.error_code == (result.command_id == "c1" ? "outcome_unknown" : ""));
}

TEST_CASE("errors come with a stable word; another instance's command is none of ours") {
  Bench bench;
  bench.runner.add({"c1", "shop", "nonsense", "{}"});
  bench.runner.add({"c2", "elsewhere", "list", "{}"});
  bench.settle();
  REQUIRE(bench.edge.results.size() == 1);
  CHECK(bench.edge.results[0].error_code == "unknown_command");
}

TEST_CASE("stopped in the middle, a command is told as unknown by the next life") {
  Bench bench;
  bench.runner.add({"c1", "shop", "slow", "{}"});
  bench.settle();
  bench.scope.cancel();
  bench.settle();
  CHECK(bench.edge.results.empty());
  CHECK(bench.memory->record("command", "c1").value().has_value());
}

TEST_CASE("the runner asks by itself only while the queue is not polled") {
  Bench bench;
  bench.edge.waiting = {{"c1", "shop", "list", "{}"}};
  bench.runner.set_queue_polling(CommandRunner::QueuePolling::kOn);
  bench.play(100s, 1s);
  CHECK(bench.edge.asked == 0);
  bench.runner.set_queue_polling(CommandRunner::QueuePolling::kOff);
  bench.play(40s, 1s);
  CHECK(bench.edge.asked >= 1);
  CHECK(bench.edge.results.size() >= 1);
}
