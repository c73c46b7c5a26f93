#include "instance_manager/instance_manager.h"

#include <doctest/doctest.h>

#include <set>

#include "fake_edge.h"

using namespace std::chrono_literals;
using runtime::Task;
using worker::InstanceManager;
using worker::InstancePhase;

namespace {

/// Remembers what it was told; the test says what becomes of an instance.
struct RecordingHost final : worker::InstanceHost {
  void start(edge::EligibleInstance instance) override { started.push_back(instance.id); }
  void stop(std::string id) override { stopped.push_back(std::move(id)); }
  void update(edge::EligibleInstance instance) override { updated.push_back(std::move(instance)); }
  std::vector<std::string> started, stopped;
  std::vector<edge::EligibleInstance> updated;
};

using Ids = std::vector<std::string>;

struct Fixture {
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  worker::testing::FakeEdge edge{clock};
  base::SeededRandom random{1};
  RecordingHost host;
  edge::Capabilities capabilities;
  runtime::TaskScope scope{loop};
  worker::InstanceManagerSettings settings;
  std::unique_ptr<InstanceManager> manager;
  worker::InstanceEvents events;
  std::vector<edge::EligibleInstance> eligible;
  std::uint32_t asked_limit = 0;

  Fixture() {
    edge.on_eligible = [this](std::uint32_t limit) {
      asked_limit = limit;
      return eligible;
    };
  }

  void start() {
    manager = std::make_unique<InstanceManager>(loop, edge, random, std::vector<worker::InstanceHost*>{&host},
                                                capabilities, settings, base::Log{});
    events = manager->events();
    manager->start();
    loop.run_until_idle();
  }
  void tick() {
    clock.advance(11s);
    loop.run_until_idle();
  }
  static Task<void> close_manager(Fixture* self, bool* done) {
    co_await self->manager->close();
    *done = true;
  }
  void close() {
    bool done = false;
    scope.spawn(close_manager(this, &done));
    loop.run_until_idle();
    for (const auto& id : std::set<std::string>(host.stopped.begin(), host.stopped.end()))
      events.ended(id, "stopped");
    loop.run_until_idle();
    REQUIRE(done);
  }
  static edge::EligibleInstance instance(std::string id, std::int64_t priority = 1) {
    edge::EligibleInstance entry;
    entry.id = std::move(id);
    entry.priority = priority;
    return entry;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the edge's limit holds over the worker's own, and asks for at least 50") {
  settings.max_active_instances = 5;
  edge.on_settings = [] {
    edge::WorkerSettings answer;
    answer.max_active_instances = 2;
    return answer;
  };
  eligible = {instance("a", 1), instance("b", 3), instance("c", 2)};
  start();
  CHECK(host.started == Ids{"b", "c"});
  CHECK(asked_limit == 50);
  close();
}

TEST_CASE_FIXTURE(Fixture, "a running instance is never started again, tick after tick") {
  eligible = {instance("a")};
  start();
  events.phase_changed("a", InstancePhase::kConnected);
  for (int i = 0; i < 20; ++i) tick();
  CHECK(host.started == Ids{"a"});
  close();
}

TEST_CASE_FIXTURE(Fixture, "what could not get its lock is tried again at the next tick") {
  eligible = {instance("a")};
  start();
  events.ended("a", "lock_conflict");
  CHECK(manager->counts().lock_conflicts == 1);
  CHECK(host.started.size() == 1);
  tick();
  CHECK(host.started == Ids{"a", "a"});
  close();
}

TEST_CASE_FIXTURE(Fixture, "a failed discovery keeps what runs, however long it lasts") {
  eligible = {instance("a")};
  start();
  edge.on_eligible = [](std::uint32_t) -> base::Result<std::vector<edge::EligibleInstance>> {
    return base::fail(base::ErrorCode::kUnavailable, "down");
  };
  for (int i = 0; i < 30; ++i) tick();
  CHECK(host.stopped.empty());
  CHECK(manager->discovery() == InstanceManager::Discovery::kFailed);
  close();
}

TEST_CASE_FIXTURE(Fixture, "settings that cannot be read leave the last limit in force") {
  edge.on_settings = [] {
    edge::WorkerSettings answer;
    answer.max_active_instances = 1;
    return answer;
  };
  eligible = {instance("a", 2), instance("b", 1)};
  start();
  edge.on_settings = []() -> base::Result<edge::WorkerSettings> {
    return base::fail(base::ErrorCode::kUnavailable, "down");
  };
  tick();
  CHECK(host.started == Ids{"a"});
  close();
}

TEST_CASE_FIXTURE(Fixture, "a connected instance that left the target is stopped after 60 s, once") {
  eligible = {instance("a")};
  start();
  events.phase_changed("a", InstancePhase::kConnected);
  eligible.clear();
  for (int i = 0; i < 5; ++i) tick();
  CHECK(host.stopped.empty());
  for (int i = 0; i < 5; ++i) tick();
  CHECK(host.stopped == Ids{"a"});
  close();
}

TEST_CASE_FIXTURE(Fixture, "a thousand instances start at the budget's pace, and closing gives up the rest") {
  settings.starts = {.per_second = 100, .burst = 10};
  for (int i = 0; i < 1000; ++i) eligible.push_back(instance("i" + std::to_string(i)));
  start();
  CHECK(host.started.size() == 10);
  for (int i = 0; i < 10; ++i) {
    clock.advance(100ms);
    loop.run_until_idle();
  }
  CHECK(host.started.size() >= 105);
  CHECK(host.started.size() <= 115);
  const auto before = host.started.size();
  close();
  CHECK(host.started.size() == before);
  CHECK(manager->counts().all() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a running instance that the edge describes otherwise is told so, once") {
  eligible = {instance("a"), instance("b")};
  start();
  tick();
  CHECK(host.updated.empty());
  eligible[0].proxy_url = "socks5h://proxy:1080";
  tick();
  tick();
  REQUIRE(host.updated.size() == 1);
  CHECK(host.updated[0].id == "a");
  CHECK(host.updated[0].proxy_url == "socks5h://proxy:1080");
  close();
}

TEST_CASE_FIXTURE(Fixture, "what the edge offers is learned with its settings") {
  edge.on_settings = [] {
    edge::WorkerSettings offered;
    offered.capabilities = {"events", "somersaults"};
    return offered;
  };
  start();
  CHECK(capabilities.has(edge::Capability::kEvents));
  CHECK_FALSE(capabilities.has(edge::Capability::kCommands));
  edge.on_settings = [] { return edge::WorkerSettings{}; };
  tick();
  CHECK_FALSE(capabilities.has(edge::Capability::kEvents));
  close();
}
