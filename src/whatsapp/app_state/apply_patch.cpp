#include "whatsapp/app_state/apply_patch.h"

#include <algorithm>
#include <set>
#include <utility>

#include "crypto/hmac.h"
#include "whatsapp/app_state/entries.h"

namespace whatsapp::app_state {
namespace {

std::optional<Reject> obstacle(const CollectionState& state, std::uint64_t version, const Patch& patch,
                               const KeyRing& keys) {
  if (version <= state.version || version - state.version != 1)
    return Reject{RejectReason::kVersionGap, "patch is not the next one", {}};
  if (patch.exit_code != 0) return Reject{RejectReason::kTerminal, "patch has an exit code", {}};
  if (patch.external) return Reject{RejectReason::kNotDownloaded, "mutations are not downloaded", {}};
  const std::set<KeyId> missing = missing_keys(patch, keys);
  if (!missing.empty())
    return Reject{RejectReason::kUnknownKey, "keys of a patch are missing", {missing.begin(), missing.end()}};
  return std::nullopt;
}

bool genuine(Collection collection, std::uint64_t version, const Patch& patch, const MutationKeys& keys) {
  std::vector<ValueMac> values;
  values.reserve(patch.mutations.size());
  for (const PatchMutation& one : patch.mutations) values.push_back(value_mac_of(one.record));
  return crypto::equal_constant_time(patch_mac(keys, collection, version, patch.snapshot_mac, values),
                                     patch.patch_mac);
}

/// Returns how many removed entries were not there.
std::size_t change_entries(const Patch& patch, Entries& entries) {
  std::size_t missing = 0;
  for (const PatchMutation& one : patch.mutations) {
    if (one.operation == Operation::kSet)
      entries.set(one.record.index_mac, value_mac_of(one.record));
    else if (!entries.remove(one.record.index_mac))
      ++missing;
  }
  return missing;
}

std::expected<std::vector<Mutation>, Reject> open_all(const Patch& patch, const KeyRing& keys) {
  std::vector<Mutation> out;
  out.reserve(patch.mutations.size());
  for (const PatchMutation& one : patch.mutations) {
    auto mutation = open(one.record, one.operation, keys);
    if (!mutation) return std::unexpected(std::move(mutation).error());
    if (*mutation) out.push_back(**std::move(mutation));
  }
  return out;
}

/// The later of two mutations of one index is the one that counts.
void keep_last_per_index(std::vector<Mutation>& mutations) {
  std::set<ActionIndex> seen;
  std::vector<Mutation> kept;
  for (auto one = mutations.rbegin(); one != mutations.rend(); ++one)
    if (seen.insert(one->index).second) kept.push_back(std::move(*one));
  std::ranges::reverse(kept);
  mutations = std::move(kept);
}

void add_to(Applied& all, Applied&& next, ValueMacs& known) {
  for (const auto& [index, value] : next.entries) {
    if (value)
      known[index] = *value;
    else
      known.erase(index);
    all.entries[index] = value;
  }
  all.state = next.state;
  all.missing_removes += next.missing_removes;
  std::ranges::move(next.mutations, std::back_inserter(all.mutations));
}

/// All at once, so that one request to the phone is enough.
std::vector<KeyId> all_missing_keys(std::span<const Patch> patches, const KeyRing& keys) {
  std::set<KeyId> missing;
  for (const Patch& patch : patches) missing.merge(missing_keys(patch, keys));
  return {missing.begin(), missing.end()};
}

using Numbered = std::pair<std::uint64_t, const Patch*>;

std::vector<Numbered> by_version(const CollectionState& state, std::span<const Patch> patches) {
  std::vector<Numbered> out;
  std::uint64_t previous = state.version;
  for (const Patch& patch : patches) {
    previous = patch.version.value_or(previous + 1);
    out.emplace_back(previous, &patch);
  }
  std::ranges::stable_sort(out, {}, &Numbered::first);
  return out;
}

}  // namespace

std::expected<Applied, Reject> apply_patch(Collection collection, const CollectionState& state,
                                           const ValueMacs& known, const Patch& patch, const KeyRing& keys) {
  const std::uint64_t version = patch.version.value_or(state.version + 1);
  if (auto found = obstacle(state, version, patch, keys)) return std::unexpected(*std::move(found));
  const MutationKeys& patch_keys = *keys.find(patch.key_id);
  if (!genuine(collection, version, patch, patch_keys))
    return std::unexpected(Reject{RejectReason::kPatchMac, "patch MAC is wrong", {}});

  Entries entries(state.hash, known);
  Applied out;
  out.missing_removes = change_entries(patch, entries);
  auto mutations = open_all(patch, keys);
  if (!mutations) return std::unexpected(std::move(mutations).error());
  out.mutations = *std::move(mutations);
  out.entries = entries.changes();
  const Mac expected = snapshot_mac(patch_keys, collection, version, entries.hash());
  const bool same = crypto::equal_constant_time(expected, patch.snapshot_mac);
  out.state = {true, version, entries.hash(), same ? Trust::kVerified : Trust::kTainted};
  return out;
}

RoundResult apply_patches(Collection collection, const CollectionState& state, const ValueMacs& known,
                          std::span<const Patch> patches, const KeyRing& keys) {
  RoundResult round;
  round.applied.state = state;
  ValueMacs current = known;
  for (const auto& [version, patch] : by_version(state, patches)) {
    if (version <= round.applied.state.version) continue;
    auto next = apply_patch(collection, round.applied.state, current, *patch, keys);
    if (!next) {
      round.stop = std::move(next).error();
      if (round.stop->reason == RejectReason::kUnknownKey)
        round.stop->missing_keys = all_missing_keys(patches, keys);
      break;
    }
    add_to(round.applied, *std::move(next), current);
    ++round.patches;
  }
  keep_last_per_index(round.applied.mutations);
  return round;
}

}  // namespace whatsapp::app_state
