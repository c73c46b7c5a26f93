#include "whatsapp/app_state/build_patch.h"

#include "unit/whatsapp/app_state/app_state_bench.h"

using namespace app_state_bench;
using base::ErrorCode;

namespace {

base::Result<BuiltPatch> build(Device& device, const std::vector<Mutation>& mutations) {
  return build_patch(device.collection, device.state, device.entries, mutations, device.ring, key(1).id,
                     device.random);
}

}  // namespace

TEST_CASE("two devices that take turns stay the same, whatever they do") {
  Device phone;
  Device ours;
  ours.random = base::SeededRandom{2};
  base::SeededRandom dice{11};
  for (int turn = 0; turn < 100; ++turn) {
    std::vector<Mutation> mutations;
    for (std::uint64_t i = 0; i <= dice.below(4); ++i) {
      const std::string chat = std::to_string(dice.below(6));
      mutations.push_back(dice.below(3) == 0 ? removal(chat) : set(chat, std::to_string(turn)));
    }
    Device& writer = dice.below(2) == 0 ? phone : ours;
    Device& reader = &writer == &phone ? ours : phone;
    const auto applied = reader.apply(writer.write(mutations));
    REQUIRE(applied.has_value());
    REQUIRE(reader.state == writer.state);
    REQUIRE(reader.entries == writer.entries);
  }
  CHECK(phone.state.version == 100);
}

TEST_CASE("of several mutations of one index only the last is written") {
  Device device;
  const auto built = build(device, {set("a", "1"), set("b"), set("a", "2")});
  REQUIRE(built.has_value());
  const auto patch = *read_patch(built->bytes);
  REQUIRE(patch.mutations.size() == 2);
  CHECK(open(patch.mutations[1].record, Operation::kSet, device.ring)->value() == set("a", "2"));
  CHECK_FALSE(patch.version.has_value());
}

TEST_CASE("removing writes neither value nor entry") {
  Device device;
  device.write({set("a")});
  const auto built = build(device, {removal("a")});
  REQUIRE(built.has_value());
  const auto patch = *read_patch(built->bytes);
  REQUIRE(patch.mutations.size() == 1);
  CHECK(open(patch.mutations[0].record, Operation::kRemove, device.ring)->value() == removal("a"));
  CHECK(built->state.hash == LtHash{});
}

TEST_CASE("an entry of an old key is removed under that key") {
  Device device;
  device.write({set("a")});
  device.ring = ring_of({1, 2});
  const auto patch = *read_patch(device.write({removal("a")}));
  REQUIRE(patch.mutations.size() == 1);
  CHECK(patch.mutations[0].record.key_id == key(1).id);
  CHECK(patch.key_id == key(2).id);
  CHECK(device.entries.empty());
}

TEST_CASE("an entry may lie under each key's index MAC") {
  const KeyRing ring = ring_of({1, 2, 3});
  const auto possible = possible_entries({"pin_v1", "a"}, ring);
  CHECK(possible.size() == 3);
  Device device;
  device.write({set("a")});
  CHECK(possible.contains(device.entries.begin()->first));
}

TEST_CASE("nothing is written from a tainted or missing state, without mutations, or with an unknown key") {
  Device device;
  CHECK(build(device, {}).error().code == ErrorCode::kInvalidArgument);
  device.state.trust = Trust::kTainted;
  CHECK(build(device, {set("a")}).error().code == ErrorCode::kUnavailable);
  device.state.trust = Trust::kVerified;
  device.state.initialized = false;
  CHECK(build(device, {set("a")}).error().code == ErrorCode::kUnavailable);
  device.state.initialized = true;
  device.ring = ring_of({2});
  CHECK(build(device, {set("a")}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("a patch holds a hundred mutations and no more") {
  Device device;
  std::vector<Mutation> mutations;
  for (std::size_t i = 0; i < kMaxMutationsPerPatch; ++i) mutations.push_back(set(std::to_string(i)));
  CHECK(build(device, mutations).has_value());
  mutations.push_back(set("one more"));
  CHECK(build(device, mutations).error().code == ErrorCode::kLimit);
}
