#include "whatsapp/app_state/snapshot.h"

#include "unit/whatsapp/app_state/app_state_bench.h"
#include "whatsapp/app_state/wire.h"

using namespace app_state_bench;
using whatsapp::proto::SyncdPatch;
using whatsapp::proto::SyncdSnapshot;

namespace {

/// The snapshot that the service makes of a device's first patch.
SyncdSnapshot wire_snapshot(Device& phone, const std::vector<Mutation>& mutations) {
  SyncdPatch patch;
  REQUIRE(parse(patch, phone.write(mutations)));
  SyncdSnapshot out;
  out.mutable_version()->set_version(phone.state.version);
  for (const auto& mutation : patch.mutations()) *out.add_records() = mutation.record();
  out.set_mac(patch.snapshot_mac());
  *out.mutable_key_id() = patch.key_id();
  return out;
}

struct Outcome {
  std::expected<CollectionState, Reject> state;
  std::vector<SnapshotEntry> entries;
};

Outcome replay(const base::Bytes& file, const KeyRing& ring, const CollectionState& before = {}) {
  const auto snapshot = read_snapshot(file);
  REQUIRE(snapshot.has_value());
  Outcome out;
  out.state = apply_snapshot(Collection::kRegularLow, before, *snapshot, ring,
                             [&](SnapshotEntry entry) { out.entries.push_back(std::move(entry)); });
  return out;
}

}  // namespace

TEST_CASE("a snapshot gives the state that its patches would give") {
  Device phone;
  const auto file = serialised(wire_snapshot(phone, {set("a"), set("b"), set("c")}));
  const auto outcome = replay(file, phone.ring);
  REQUIRE(outcome.state.has_value());
  CHECK(*outcome.state == phone.state);
  REQUIRE(outcome.entries.size() == 3);
  for (const SnapshotEntry& entry : outcome.entries)
    CHECK(phone.entries.at(entry.index_mac) == entry.value_mac);
  CHECK(outcome.entries[2].mutation == set("c"));
}

TEST_CASE("fields of a snapshot in any order, with unknown ones between, are the same snapshot") {
  Device phone;
  const SyncdSnapshot wire = wire_snapshot(phone, {set("a"), set("b")});
  SyncdSnapshot head = wire;
  head.clear_records();
  SyncdSnapshot records;
  *records.mutable_records() = wire.records();
  const base::Bytes unknown{0x7a, 0x02, 0x01, 0x02};
  const auto outcome = replay(base::concat(serialised(records), unknown, serialised(head)), phone.ring);
  REQUIRE(outcome.state.has_value());
  CHECK(*outcome.state == phone.state);
}

TEST_CASE("of two records with one index the last counts, once") {
  Device phone;
  SyncdSnapshot wire = wire_snapshot(phone, {set("a", "1"), set("b")});
  Device other;
  other.random = base::SeededRandom{5};
  const SyncdSnapshot newer = wire_snapshot(other, {set("a", "2")});
  *wire.add_records() = newer.records(0);
  const auto outcome = replay(serialised(wire), phone.ring);
  REQUIRE(outcome.state.has_value());
  REQUIRE(outcome.entries.size() == 2);
  CHECK(outcome.entries[1].mutation == set("a", "2"));
  LtHash hash;
  for (const SnapshotEntry& entry : outcome.entries) hash.add(entry.value_mac);
  CHECK(outcome.state->hash == hash);
}

TEST_CASE("a snapshot with a wrong MAC is used, but taints") {
  Device phone;
  SyncdSnapshot wire = wire_snapshot(phone, {set("a")});
  wire.mutable_mac()->at(0) ^= 1;
  const auto outcome = replay(serialised(wire), phone.ring);
  REQUIRE(outcome.state.has_value());
  CHECK(outcome.state->trust == Trust::kTainted);
  CHECK(outcome.state->version == 1);
}

TEST_CASE("a snapshot that nobody asked for is rejected") {
  Device phone;
  const auto file = serialised(wire_snapshot(phone, {set("a")}));
  const auto outcome = replay(file, phone.ring, phone.state);
  REQUIRE_FALSE(outcome.state.has_value());
  CHECK(outcome.state.error().reason == RejectReason::kSnapshotNotAsked);
  CHECK(outcome.entries.empty());
}

TEST_CASE("missing keys are known before anything is handed out") {
  Device phone;
  phone.ring = ring_of({1, 2});
  const auto file = serialised(wire_snapshot(phone, {set("a")}));
  const auto outcome = replay(file, ring_of({1}));
  REQUIRE_FALSE(outcome.state.has_value());
  CHECK(outcome.state.error().reason == RejectReason::kUnknownKey);
  CHECK(outcome.state.error().missing_keys == std::vector<KeyId>{key(2).id});
  CHECK(outcome.entries.empty());
}

TEST_CASE("a changed record rejects the snapshot") {
  Device phone;
  SyncdSnapshot wire = wire_snapshot(phone, {set("a"), set("b")});
  wire.mutable_records(1)->mutable_value()->mutable_blob()->at(20) ^= 1;
  const auto outcome = replay(serialised(wire), phone.ring);
  REQUIRE_FALSE(outcome.state.has_value());
  CHECK(outcome.state.error().reason == RejectReason::kValueMac);
}

TEST_CASE("bytes that are no snapshot are refused") {
  Device phone;
  const SyncdSnapshot good = wire_snapshot(phone, {set("a")});
  CHECK_FALSE(read_snapshot({}).has_value());
  SyncdSnapshot bad = good;
  bad.clear_mac();
  CHECK_FALSE(read_snapshot(serialised(bad)).has_value());
  bad = good;
  bad.clear_version();
  CHECK_FALSE(read_snapshot(serialised(bad)).has_value());
  bad = good;
  bad.clear_key_id();
  CHECK_FALSE(read_snapshot(serialised(bad)).has_value());
  const auto bytes = serialised(good);
  for (std::size_t size = 1; size < bytes.size(); ++size)
    CHECK_FALSE(read_snapshot(base::ByteView{bytes}.first(size)).has_value());
  // A record that claims more than there is, and a tag of field 0.
  CHECK_FALSE(read_snapshot(base::Bytes{0x12, 0xff, 0xff, 0xff, 0xff, 0x0f}).has_value());
  CHECK_FALSE(read_snapshot(base::Bytes{0x00}).has_value());
}
