// A second device of the account for the tests: it keeps a collection, writes patches to it, and can write
// wrong ones.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "proto/app_state.pb.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/build_patch.h"
#include "whatsapp/app_state/snapshot.h"

namespace app_state_bench {

using namespace whatsapp::app_state;

inline SyncKey key(std::uint8_t epoch, std::int64_t timestamp_ms = 0) {
  base::FixedBytes<32> data;
  data.fill(epoch);
  return {{0, 0, 0, 0, 0, epoch}, base::Secret<32>{data}, timestamp_ms};
}

inline KeyRing ring_of(std::initializer_list<std::uint8_t> epochs) {
  KeyRing ring;
  for (const std::uint8_t epoch : epochs) ring.add(key(epoch));
  return ring;
}

inline Mutation set(std::string chat, std::string value = "v") {
  return {Operation::kSet, {"pin_v1", std::move(chat)}, 5, base::to_bytes(value)};
}
inline Mutation removal(std::string chat) { return {Operation::kRemove, {"pin_v1", std::move(chat)}, 5, {}}; }

struct Device {
  Collection collection = Collection::kRegularLow;
  KeyRing ring = ring_of({1});
  CollectionState state{.initialized = true, .version = 0, .hash = {}, .trust = Trust::kVerified};
  ValueMacs entries;
  base::SeededRandom random{1};

  void take(const CollectionState& next, const EntryChanges& changes) {
    state = next;
    for (const auto& [index, value] : changes) {
      if (value)
        entries[index] = *value;
      else
        entries.erase(index);
    }
  }

  /// Writes a patch and keeps it.
  base::Bytes write(const std::vector<Mutation>& mutations) {
    const auto built = build_patch(collection, state, entries, mutations, ring, *ring.active(), random);
    REQUIRE(built.has_value());
    take(built->state, built->entries);
    return built->bytes;
  }

  std::expected<Applied, Reject> apply(const Patch& patch) {
    auto applied = apply_patch(collection, state, entries, patch, ring);
    if (applied) take(applied->state, applied->entries);
    return applied;
  }

  std::expected<Applied, Reject> apply(const base::Bytes& bytes) {
    const auto patch = read_patch(bytes);
    if (!patch) return std::unexpected(Reject{RejectReason::kMalformed, patch.error().message, {}});
    return apply(*patch);
  }
};

/// A patch whose mutations are kept exactly in the order given, each under its own key, with right MACs.
inline Patch raw_patch(const Device& device, const std::vector<std::pair<Mutation, std::uint8_t>>& mutations,
                       const LtHash& hash_after) {
  base::SeededRandom random{99};
  Patch patch;
  patch.key_id = *device.ring.active();
  const MutationKeys& keys = *device.ring.find(patch.key_id);
  std::vector<ValueMac> values;
  for (const auto& [mutation, epoch] : mutations) {
    Record record = seal(mutation, expand(key(epoch).data), key(epoch).id, random.bytes<16>());
    values.push_back(value_mac_of(record));
    patch.mutations.push_back({mutation.operation, std::move(record)});
  }
  patch.snapshot_mac = snapshot_mac(keys, device.collection, device.state.version + 1, hash_after);
  patch.patch_mac = patch_mac(keys, device.collection, device.state.version + 1, patch.snapshot_mac, values);
  return patch;
}

inline RejectReason reason_of(const std::expected<Applied, Reject>& applied) {
  REQUIRE_FALSE(applied.has_value());
  return applied.error().reason;
}

}  // namespace app_state_bench
