// Applying what the service sent: the state before and a patch give the state after, the entries that
// changed, and what the account's owner did, in the open; or the reason why not. Nothing is stored here: the
// caller commits state and entries together, and only then tells anybody. Spec 07 A4.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/patch.h"
#include "whatsapp/app_state/reject.h"

namespace whatsapp::app_state {

struct Applied {
  CollectionState state;
  EntryChanges entries;
  std::vector<Mutation> mutations;  // in wire order; records that cannot be understood are left out
  std::size_t missing_removes = 0;  // removed entries that were not there: phones do send that
};

/// `known` holds the current entries of touched_entries(patch), as far as they exist. Rejects: kVersionGap
/// (also for a version that is behind), kTerminal, kNotDownloaded, kUnknownKey, kPatchMac, and those of
/// open(). A wrong snapshot MAC does not reject, but taints the state.
std::expected<Applied, Reject> apply_patch(Collection collection, const CollectionState& state,
                                           const ValueMacs& known, const Patch& patch, const KeyRing& keys);

/// The patches of one answer.
struct RoundResult {
  Applied applied;             // up to where it stopped; per index only the last mutation
  std::size_t patches = 0;     // how many were applied
  std::optional<Reject> stop;  // what stopped it
};

/// By version; those that the state has already are left out. `known` as above, for all of them.
RoundResult apply_patches(Collection collection, const CollectionState& state, const ValueMacs& known,
                          std::span<const Patch> patches, const KeyRing& keys);

}  // namespace whatsapp::app_state
