#include "instance_manager/target_set.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using worker::Liveness;
using worker::TargetSet;

namespace {

edge::EligibleInstance instance(std::string id, std::int64_t priority) {
  edge::EligibleInstance entry;
  entry.id = std::move(id);
  entry.priority = priority;
  return entry;
}

std::vector<std::string> ids(const std::vector<edge::EligibleInstance>& instances) {
  std::vector<std::string> out;
  for (const auto& entry : instances) out.push_back(entry.id);
  return out;
}

using Ids = std::vector<std::string>;

struct Fixture {
  base::ManualClock clock;
  TargetSet targets{clock};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the highest priorities are started; ties keep the edge's order") {
  const auto changes =
      targets.update({instance("a", 1), instance("b", 5), instance("c", 1), instance("d", 1)}, 3, {});
  CHECK(ids(changes.start) == Ids{"b", "a", "c"});
  CHECK(targets.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a limit of 0 is no limit, and an id named twice is one instance") {
  CHECK(targets.update({instance("a", 1), instance("b", 2), instance("a", 3)}, 0, {}).start.size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "what runs inside the target is never started again") {
  const auto changes =
      targets.update({instance("a", 1), instance("b", 1)}, 0, {{"a", Liveness::kNotConnected}});
  CHECK(ids(changes.start) == Ids{"b"});
  CHECK(changes.stop.empty());
}

TEST_CASE_FIXTURE(Fixture, "outside the target the unconnected stop at once, the connected after 60 s") {
  const std::map<std::string, Liveness> running{{"idle", Liveness::kNotConnected},
                                                {"live", Liveness::kConnected}};
  CHECK(targets.update({}, 0, running).stop == Ids{"idle"});
  clock.advance(59s);
  CHECK(targets.update({}, 0, {{"live", Liveness::kConnected}}).stop.empty());
  clock.advance(1s);
  CHECK(targets.update({}, 0, {{"live", Liveness::kConnected}}).stop == Ids{"live"});
}

TEST_CASE_FIXTURE(Fixture, "coming back into the target in time starts the 60 s anew") {
  const std::map<std::string, Liveness> running{{"live", Liveness::kConnected}};
  (void)targets.update({}, 0, running);
  clock.advance(50s);
  (void)targets.update({instance("live", 1)}, 0, running);
  clock.advance(50s);
  CHECK(targets.update({}, 0, running).stop.empty());
}
