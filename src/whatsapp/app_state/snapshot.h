// A snapshot: a whole collection at one version. It may hold ten thousand contacts, so its records are read
// one by one from the downloaded file, and handed out one by one. Spec 07 A4.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/record.h"
#include "whatsapp/app_state/reject.h"

namespace whatsapp::app_state {

struct Snapshot {
  std::uint64_t version = 0;
  Mac mac{};
  KeyId key_id;
  std::vector<base::ByteView> records;  // serialised SyncdRecords, inside the file
};

/// `file` is the downloaded file; it must outlive the snapshot. kMalformed.
base::Result<Snapshot> read_snapshot(base::ByteView file);

/// One genuine entry of a snapshot; no mutation if its index cannot be understood.
struct SnapshotEntry {
  IndexMac index_mac{};
  ValueMac value_mac{};
  std::optional<Mutation> mutation;
};

/// The state after a snapshot replaced an empty one. `visit` gets every entry, while the snapshot is not yet
/// proven whole: the caller writes the entries into a transaction, and rolls it back after a reject. Of two
/// records with one index the last counts. Rejects: kSnapshotNotAsked, kUnknownKey, kMalformed and those of
/// open(). A wrong MAC of the snapshot does not reject, but taints the state.
std::expected<CollectionState, Reject> apply_snapshot(Collection collection, const CollectionState& before,
                                                      const Snapshot& snapshot, const KeyRing& keys,
                                                      const std::function<void(SnapshotEntry)>& visit);

}  // namespace whatsapp::app_state
