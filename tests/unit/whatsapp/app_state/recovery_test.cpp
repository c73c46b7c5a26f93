#include "whatsapp/app_state/recovery.h"

#include <chrono>

#include "unit/whatsapp/app_state/app_state_bench.h"
#include "whatsapp/app_state/wire.h"

using namespace app_state_bench;
using namespace std::chrono_literals;
using whatsapp::proto::SyncdSnapshotRecovery;

namespace {

SyncdSnapshotRecovery copy_of(const Device& phone, const std::vector<Mutation>& mutations) {
  SyncdSnapshotRecovery wire;
  wire.mutable_version()->set_version(phone.state.version);
  wire.set_collection_name("regular_low");
  wire.set_collection_lthash(base::to_string(phone.state.hash.bytes()));
  for (const Mutation& mutation : mutations) {
    auto& record = *wire.add_mutation_records();
    const std::string json = to_json(mutation.index);
    record.mutable_value()->set_index(json);
    record.mutable_value()->add_value(base::to_string(mutation.value));
    record.mutable_value()->set_version(mutation.version);
    record.set_key_id(base::to_string(key(1).id));
    const auto mac = phone.entries.at(index_mac(expand(key(1).data), base::as_bytes(json)));
    record.set_mac(base::to_string(mac));
  }
  return wire;
}

RejectReason reason(const SyncdSnapshotRecovery& wire, const CollectionState& state = {}) {
  const auto read = read_recovery(Collection::kRegularLow, state, serialised(wire), ring_of({1}));
  REQUIRE_FALSE(read.has_value());
  return read.error().reason;
}

}  // namespace

TEST_CASE("the phone's copy replaces everything, and patches go on from it") {
  Device phone;
  const std::vector<Mutation> mutations{set("a"), set("b")};
  phone.write(mutations);
  const auto recovered =
      read_recovery(Collection::kRegularLow, {}, serialised(copy_of(phone, mutations)), phone.ring);
  REQUIRE(recovered.has_value());
  CHECK(recovered->mutations == mutations);
  Device ours;
  ours.state = recovered->state;
  ours.entries = recovered->entries;
  CHECK(ours.entries == phone.entries);
  const auto applied = ours.apply(phone.write({removal("a"), set("b", "new")}));
  REQUIRE(applied.has_value());
  CHECK(applied->state == phone.state);
}

TEST_CASE("a copy that is not later, of another collection, or incomplete is rejected") {
  Device phone;
  phone.write({set("a")});
  const auto good = copy_of(phone, {set("a")});
  CHECK(reason(good, phone.state) == RejectReason::kVersionGap);
  auto bad = good;
  bad.set_collection_name("regular");
  CHECK(reason(bad) == RejectReason::kMalformed);
  bad = good;
  bad.mutable_collection_lthash()->pop_back();
  CHECK(reason(bad) == RejectReason::kMalformed);
  bad = good;
  bad.mutable_mutation_records(0)->mutable_mac()->pop_back();
  CHECK(reason(bad) == RejectReason::kMalformed);
  bad = good;
  bad.mutable_mutation_records(0)->set_key_id("other");
  CHECK(reason(bad) == RejectReason::kUnknownKey);
}

TEST_CASE("first a resync, then the phone, at most once in two days") {
  const base::Clock::wall_time now{1'000'000s};
  RecoveryHistory history;
  CHECK(next_step(history, now) == RecoveryStep::kResync);
  history.resynced = true;
  CHECK(next_step(history, now) == RecoveryStep::kAskPhone);
  history.phone_asked_at = now;
  CHECK(next_step(history, now + 47h) == RecoveryStep::kCarryOn);
  CHECK(next_step(history, now + 48h) == RecoveryStep::kAskPhone);
}
