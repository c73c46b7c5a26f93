// Writing a patch: what the account's owner did through us, for the other devices. Spec 07 A6.
#pragma once

#include <cstdint>
#include <set>
#include <span>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/record.h"

namespace whatsapp::app_state {

/// More would have to be uploaded as a file.
inline constexpr std::size_t kMaxMutationsPerPatch = 100;

struct BuiltPatch {
  base::Bytes bytes;      // a serialised SyncdPatch; the service adds the version
  CollectionState state;  // to be committed with `entries` once the service has accepted the patch
  EntryChanges entries;
};

/// What an entry may lie under: its index MAC by every key we have.
std::set<IndexMac> possible_entries(const ActionIndex& index, const KeyRing& keys);

/// `known` holds the current entries among possible_entries of all mutations. Everything is encrypted with
/// `key_id`; an entry that was written with another key is removed under that key first. Of several mutations
/// of one index the last counts. kUnavailable while the collection is not initialised or is tainted,
/// kInvalidArgument for no mutation or an unknown key, kLimit for too many.
base::Result<BuiltPatch> build_patch(Collection collection, const CollectionState& state,
                                     const ValueMacs& known, std::span<const Mutation> mutations,
                                     const KeyRing& keys, const KeyId& key_id, base::Random& random);

}  // namespace whatsapp::app_state
