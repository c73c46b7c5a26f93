#include "whatsapp/app_state/apply_patch.h"

#include <algorithm>

#include "unit/whatsapp/app_state/app_state_bench.h"

using namespace app_state_bench;

namespace {

/// The hash over what the sealed records of a patch leave, counted by the test.
LtHash hash_of(const std::vector<ValueMac>& values) {
  LtHash hash;
  for (const ValueMac& value : values) hash.add(value);
  return hash;
}

ValueMac value_at(const Patch& patch, std::size_t place) {
  return value_mac_of(patch.mutations[place].record);
}

/// The patch again, with its MACs made right for `hash_after`.
Patch proven(const Device& device, Patch patch, const LtHash& hash_after) {
  const MutationKeys& keys = *device.ring.find(patch.key_id);
  const std::uint64_t version = device.state.version + 1;
  std::vector<ValueMac> values;
  for (const PatchMutation& one : patch.mutations) values.push_back(value_mac_of(one.record));
  patch.snapshot_mac = snapshot_mac(keys, device.collection, version, hash_after);
  patch.patch_mac = patch_mac(keys, device.collection, version, patch.snapshot_mac, values);
  return patch;
}

}  // namespace

TEST_CASE("what one device writes, the other reads, and both have the same state") {
  Device phone;
  Device ours;
  const auto patch = phone.write({set("a"), set("b", "w")});
  const auto applied = ours.apply(patch);
  REQUIRE(applied.has_value());
  CHECK(applied->state == phone.state);
  CHECK(ours.entries == phone.entries);
  REQUIRE(applied->mutations.size() == 2);
  CHECK(applied->mutations[1] == set("b", "w"));
  CHECK(applied->state.version == 1);
  CHECK(applied->state.trust == Trust::kVerified);
}

TEST_CASE("an entry set twice and removed in one patch leaves nothing") {
  Device device;
  Patch patch = raw_patch(device, {{set("a", "1"), 1}, {set("a", "2"), 1}, {removal("a"), 1}}, {});
  const auto applied = device.apply(patch);
  REQUIRE(applied.has_value());
  CHECK(applied->state.hash == LtHash{});
  CHECK(applied->state.trust == Trust::kVerified);
  CHECK(device.entries.empty());
}

TEST_CASE("an entry removed and set in one patch has the new value, the old one is taken out once") {
  Device device;
  device.write({set("a", "old")});
  Patch patch = raw_patch(device, {{removal("a"), 1}, {set("a", "new"), 1}}, {});
  patch = proven(device, patch, hash_of({value_at(patch, 1)}));
  const auto applied = device.apply(patch);
  REQUIRE(applied.has_value());
  CHECK(applied->state.trust == Trust::kVerified);
  REQUIRE(device.entries.size() == 1);
  CHECK(device.entries.begin()->second == value_at(patch, 1));
}

TEST_CASE("removing an entry that is not there is counted, and nothing else") {
  Device device;
  device.write({set("a")});
  const auto before = device.state.hash;
  const Patch patch = raw_patch(device, {{removal("nobody"), 1}}, before);
  const auto applied = device.apply(patch);
  REQUIRE(applied.has_value());
  CHECK(applied->missing_removes == 1);
  CHECK(applied->state.hash == before);
  CHECK(applied->entries.empty());
}

TEST_CASE("one patch or many, any order of independent mutations: the same hash and entries") {
  std::vector<Mutation> mutations;
  for (int i = 0; i < 30; ++i) mutations.push_back(set(std::to_string(i)));
  Device device;
  std::vector<std::pair<Mutation, std::uint8_t>> keyed;
  for (const Mutation& mutation : mutations) keyed.emplace_back(mutation, 1);
  Patch all = raw_patch(device, keyed, {});
  Device in_one = device;
  const auto once = apply_patch(device.collection, device.state, {}, proven(device, all, {}), device.ring);
  REQUIRE(once.has_value());

  std::ranges::reverse(all.mutations);
  Device in_many = device;
  for (const PatchMutation& mutation : all.mutations) {
    Patch single;
    single.key_id = all.key_id;
    single.mutations = {mutation};
    REQUIRE(in_many.apply(proven(in_many, single, {})).has_value());
  }
  CHECK(in_many.state.hash == once->state.hash);
  in_one.take(once->state, once->entries);
  CHECK(in_many.entries == in_one.entries);
}

TEST_CASE("a patch must be the next one") {
  Device phone;
  Device ours;
  const auto first = phone.write({set("a")});
  const auto second = phone.write({set("b")});
  auto patch = *read_patch(second);
  patch.version = 2;
  CHECK(reason_of(ours.apply(patch)) == RejectReason::kVersionGap);
  REQUIRE(ours.apply(first).has_value());
  CHECK(ours.apply(patch).has_value());
  CHECK(reason_of(ours.apply(patch)) == RejectReason::kVersionGap);
  patch.version = ~std::uint64_t{0};
  CHECK(reason_of(ours.apply(patch)) == RejectReason::kVersionGap);
}

TEST_CASE(
    "a wrong patch MAC rejects: changed value, left out mutation, changed snapshot MAC, other collection") {
  Device phone;
  const Patch good = *read_patch(phone.write({set("a"), set("b")}));
  Device ours;
  const auto reason = [&](auto change) {
    Patch bad = good;
    change(bad);
    return reason_of(ours.apply(bad));
  };
  CHECK(reason([](Patch& p) { p.patch_mac[0] ^= 1; }) == RejectReason::kPatchMac);
  CHECK(reason([](Patch& p) { p.snapshot_mac[0] ^= 1; }) == RejectReason::kPatchMac);
  CHECK(reason([](Patch& p) { p.mutations.pop_back(); }) == RejectReason::kPatchMac);
  CHECK(reason([](Patch& p) { std::swap(p.mutations[0], p.mutations[1]); }) == RejectReason::kPatchMac);
  CHECK(reason([](Patch& p) { p.mutations[0].record.blob.back() ^= 1; }) == RejectReason::kPatchMac);
  CHECK(reason([](Patch& p) { p.mutations[0].record.blob[20] ^= 1; }) == RejectReason::kValueMac);
  CHECK(reason([](Patch& p) { p.mutations[0].operation = Operation::kRemove; }) == RejectReason::kValueMac);
  CHECK(reason([](Patch& p) { p.mutations[0].record.index_mac[0] ^= 1; }) == RejectReason::kIndexMac);
  CHECK(ours.state == Device{}.state);
  CHECK(ours.entries.empty());
  ours.collection = Collection::kRegular;
  CHECK(reason_of(ours.apply(good)) == RejectReason::kPatchMac);
}

TEST_CASE("a flipped bit anywhere in a patch is noticed, unless it changes nothing") {
  Device phone;
  phone.write({set("a")});
  const Device before = phone;
  const auto good = phone.write({set("b", "w"), removal("a")});
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    Device ours = before;
    const auto applied = ours.apply(bad);
    if (!applied) continue;
    REQUIRE(applied->state == phone.state);
    REQUIRE(applied->mutations == std::vector<Mutation>{set("b", "w"), removal("a")});
  }
}

TEST_CASE("a hash that is not the writer's taints the state; one that is heals it") {
  Device phone;
  phone.write({set("a")});
  Device ours;
  ours.state.version = 1;  // and misses the entry
  const auto update = phone.write({set("b")});
  const auto applied = ours.apply(update);
  REQUIRE(applied.has_value());
  CHECK(applied->state.trust == Trust::kTainted);
  CHECK(applied->mutations.size() == 1);

  const auto removed = ours.apply(phone.write({removal("a")}));
  REQUIRE(removed.has_value());
  CHECK(removed->missing_removes == 1);
  CHECK(removed->state.trust == Trust::kVerified);
}

TEST_CASE("unknown keys block, and all of them are told at once") {
  Device phone;
  phone.ring = ring_of({1, 2});
  std::vector<Patch> patches;
  patches.push_back(*read_patch(phone.write({set("a")})));
  patches.push_back(raw_patch(phone, {{set("b"), 3}, {set("c"), 1}, {set("d"), 4}}, {}));
  Device ours;
  const auto blocked = ours.apply(patches[1]);
  CHECK(reason_of(blocked) == RejectReason::kUnknownKey);
  CHECK(blocked.error().missing_keys == std::vector<KeyId>{key(2).id, key(3).id, key(4).id});

  const auto round = apply_patches(ours.collection, ours.state, ours.entries, patches, ours.ring);
  REQUIRE(round.stop.has_value());
  CHECK(round.patches == 0);
  CHECK(round.stop->missing_keys == std::vector<KeyId>{key(2).id, key(3).id, key(4).id});
}

TEST_CASE("a round takes patches by version, leaves out old ones, and tells the last of each index") {
  Device phone;
  std::vector<Patch> patches;
  for (const Mutation& mutation : {set("a", "1"), set("b", "1"), set("a", "2"), removal("b")}) {
    patches.push_back(*read_patch(phone.write({mutation})));
    patches.back().version = phone.state.version;
  }
  Device ours;
  REQUIRE(ours.apply(patches[0]).has_value());
  std::ranges::reverse(patches);
  const auto round = apply_patches(ours.collection, ours.state, ours.entries, patches, ours.ring);
  CHECK_FALSE(round.stop.has_value());
  CHECK(round.patches == 3);
  CHECK(round.applied.state == phone.state);
  CHECK(round.applied.mutations == std::vector<Mutation>{set("a", "2"), removal("b")});
  ours.take(round.applied.state, round.applied.entries);
  CHECK(ours.entries == phone.entries);
}

TEST_CASE("a round keeps what was applied before it stopped") {
  Device phone;
  std::vector<Patch> patches{*read_patch(phone.write({set("a")}))};
  const auto after_first = phone.state;
  patches.push_back(*read_patch(phone.write({set("b")})));
  patches[1].patch_mac[3] ^= 1;
  const Device ours;
  const auto round = apply_patches(ours.collection, ours.state, ours.entries, patches, ours.ring);
  REQUIRE(round.stop.has_value());
  CHECK(round.stop->reason == RejectReason::kPatchMac);
  CHECK(round.patches == 1);
  CHECK(round.applied.state == after_first);
  CHECK(round.applied.mutations.size() == 1);
}

TEST_CASE("after a key rotation one patch removes by the old key and sets by the new one") {
  Device phone;
  Device ours;
  ours.ring = ring_of({1, 2});
  REQUIRE(ours.apply(phone.write({set("a", "old"), set("b")})).has_value());
  phone.ring = ring_of({1, 2});
  const auto rotated = phone.write({set("a", "new")});
  CHECK(read_patch(rotated)->mutations.size() == 2);
  const auto applied = ours.apply(rotated);
  REQUIRE(applied.has_value());
  CHECK(applied->state == phone.state);
  CHECK(applied->missing_removes == 0);
  CHECK(ours.entries == phone.entries);
  CHECK(ours.entries.size() == 2);
}
