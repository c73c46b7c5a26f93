// What is known about groups, and how seldom the server is asked.
#include "whatsapp/client/groups/group_directory.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/groups/group_bench.h"
#include "whatsapp/client/groups/groups.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;

namespace {

std::vector<GroupChange> changes_told(const Party& party) {
  std::vector<GroupChange> out;
  for (const ClientEvent& event : party.sink.happened)
    if (const auto* change = std::get_if<GroupChange>(&event)) out.push_back(*change);
  return out;
}

GroupMetadata stored(const Party& party) {
  const auto bytes = party.memory->record("group", test_group().to_string()).value();
  REQUIRE(bytes);
  return decode_group(*bytes).value();
}

base::Result<GroupMetadata> metadata(GroupBench& bench) {
  return bench.run(bench.alice.desk->groups().metadata(test_group()));
}

}  // namespace

TEST_CASE("G2: many who want to know a group ask once, and a restart asks nothing") {
  GroupBench bench;
  for (int i = 0; i < 10; ++i)
    bench.start_text(bench.alice, test_group(), "G" + std::to_string(i), std::to_string(i));
  bench.settle();
  CHECK(bench.group_queries == 1);
  bench.reconnect(bench.alice);
  REQUIRE(bench.send_to_group(bench.alice, "A", "after the restart"));
  CHECK(bench.group_queries == 1);
}

TEST_CASE("G2: three hundred changes of a group cost no question") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  for (int i = 0; i < 300; ++i)
    bench.alice.inbox.push_back(Node("notification")
                                    .with("id", "S" + std::to_string(i))
                                    .with("from", test_group())
                                    .with("type", "w:gp2")
                                    .with("participant", bench.bob.lid())
                                    .add(Node("subject").with("subject", std::to_string(i))));
  bench.settle();
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(bench.group_queries == 1);
  CHECK(bench.list_queries == 0);
  CHECK(stored(bench.alice).subject == "299");
  CHECK(changes_told(bench.alice).size() == 300);
}

TEST_CASE("G2: after a 429 the same group is asked for again, later; what is known is used meanwhile") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.clock.advance(2h);
  bench.refuse_group_queries = 1;
  REQUIRE(bench.send_to_group(bench.alice, "G2", "with what we know"));
  CHECK(bench.group_queries == 2);
  REQUIRE(bench.send_to_group(bench.alice, "G3", "still"));
  CHECK(bench.group_queries == 2);  // the pause goes on
  bench.clock.advance(1min);
  REQUIRE(bench.send_to_group(bench.alice, "G4", "later"));
  CHECK(bench.group_queries == 3);
}

TEST_CASE("G2: without anything known a message waits for the end of the pause") {
  GroupBench bench;
  bench.refuse_group_queries = 1;
  const auto refused = bench.send_to_group(bench.alice, "G1", "hello");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == 429);
  bench.start_text(bench.alice, test_group(), "G2", "hello");
  bench.pass(30s);
  REQUIRE(bench.outcomes["G2"]);
  CHECK(*bench.outcomes["G2"]);
  CHECK(bench.group_queries == 2);
}

TEST_CASE("G2: missed changes are read with one question for all groups, then the mark is cleaned") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  int cleaned = 0;
  bench.on_other_query = [&](const Node& iq) -> std::optional<Node> {
    if (iq.child("clean") == nullptr) return std::nullopt;
    ++cleaned;
    return Node("iq").with("type", "result");
  };
  bench.group.members.pop_back();
  const auto dirty = Node("dirty").with("type", "groups").with("timestamp", "1760000000");
  bench.clock.advance(1s);
  bench.alice.desk->take_dirty(dirty);
  bench.settle();
  CHECK(bench.list_queries == 1);
  CHECK(cleaned == 1);
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(bench.group_queries == 1);
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()).size() == 2);  // a new key: Carol left

  bench.alice.desk->take_dirty(dirty);  // again, within ten minutes
  bench.pass(40s);
  CHECK(bench.list_queries == 1);
}

TEST_CASE("the list of groups is read once, and without the group that cannot be read") {
  GroupBench bench;
  auto listed = bench.run(bench.alice.desk->groups().list());
  REQUIRE(listed);
  REQUIRE(listed->size() == 1);
  CHECK(listed->front().subject == "the group");
  CHECK(listed->front().members.size() == 3);
  CHECK(listed->front().members[0].role == GroupMember::Role::kOwner);
  listed = bench.run(bench.alice.desk->groups().list());
  CHECK(listed->size() == 1);
  CHECK(bench.list_queries == 1);
}

TEST_CASE("G7: what is known is patched before the change is told") {
  GroupBench bench;
  bench.group.members.pop_back();
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.emplace_back("15550003333");
  bench.tell_members(Node("add").with("prev_v_id", "1").with("v_id", "2").add(bench.participant(bench.carol)),
                     bench.bob.lid());
  const auto told = changes_told(bench.alice);
  REQUIRE(told.size() == 1);
  CHECK(told[0].change == "add");
  CHECK(told[0].actor->to_string() == "200000000000002@lid");
  CHECK(told[0].participants.at(0).to_string() == "300000000000003@lid");
  CHECK(told[0].at == 1760000100);
  CHECK(stored(bench.alice).find(bench.carol.lid()) != nullptr);
  CHECK(stored(bench.alice).members_version == "2");
  CHECK_FALSE(stored(bench.alice).stale);
}

TEST_CASE("a change that does not follow the last one we know makes the group be read anew") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.tell_members(
      Node("promote").with("prev_v_id", "7").with("v_id", "8").add(bench.participant(bench.carol)),
      bench.alice.lid());
  CHECK(stored(bench.alice).stale);
  bench.clock.advance(5s);
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(bench.group_queries == 2);
}

TEST_CASE("when we are removed, the group and our key for it are forgotten") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.erase(bench.group.members.begin());
  bench.tell_members(Node("remove").add(bench.participant(bench.alice)), bench.bob.lid());
  CHECK_FALSE(bench.alice.memory->record("group", test_group().to_string()).value());
  CHECK_FALSE(
      bench.alice.memory->sender_key(test_group().to_string(), {"100000000000001", signal::Domain::kLid, 1})
          .value());
  CHECK(changes_told(bench.alice).back().change == "remove");
  const auto outcome = bench.send_to_group(bench.alice, "G2", "hello?");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().detail == 403);
}

TEST_CASE("L4: numbers and LIDs of members are learned; one device list stays for each of them") {
  GroupBench bench;
  store::Changes changes;
  changes.device_lists.push_back({"15550002222@s.whatsapp.net", {{0, 0, false}, {7, 7, false}}, 1760000000});
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(metadata(bench));
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "200000000000002");
  CHECK_FALSE(bench.alice.memory->device_list("15550002222@s.whatsapp.net").value());
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  CHECK(bench.alice.memory->device_list("200000000000002@lid").value());
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice)[0]).size() == 3);  // no device 7
}

TEST_CASE("a group that is damaged in the store is read from the server") {
  GroupBench bench;
  store::Changes changes;
  changes.records.push_back({"group", test_group().to_string(), base::to_bytes("damaged"), 0});
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  CHECK(bench.group_queries == 1);
}
