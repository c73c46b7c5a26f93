// A snapshot: a whole collection at one version. It may hold ten thousand contacts, so its records are read
// one by one from the downloaded file, and handed out one by one. Spec 07 A4.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <utility>
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

/// Applies a snapshot to an empty collection in steps, so that a long one does not occupy its thread.
///
///   WA_TRY(auto replay, SnapshotReplay::begin(collection, state, snapshot, keys));
///   while (!replay.done()) WA_TRY_VOID(replay.step(256, visit));
///   … replay.finish() …
///
/// `snapshot` and `keys` outlive it. Entries are handed out while the snapshot is not yet proven whole: the
/// collection must not count as initialised before finish(), and what was stored of it goes after a reject.
/// Of two records with one index the last counts.
class SnapshotReplay {
 public:
  using Visit = std::function<void(SnapshotEntry)>;

  /// Looks at every record once. Rejects: kSnapshotNotAsked, kMalformed, kUnknownKey with all missing keys.
  static std::expected<SnapshotReplay, Reject> begin(Collection collection, const CollectionState& before,
                                                     const Snapshot& snapshot, const KeyRing& keys);

  [[nodiscard]] bool done() const { return next_ == order_.size(); }
  /// At most `count` entries more. Rejects: those of open().
  std::expected<void, Reject> step(std::size_t count, const Visit& visit);
  /// When done. A wrong MAC of the snapshot does not reject, but taints the state.
  [[nodiscard]] CollectionState finish() const;

 private:
  SnapshotReplay(Collection collection, const Snapshot& snapshot, const KeyRing& keys,
                 std::vector<std::size_t> order)
      : collection_(collection), snapshot_(&snapshot), keys_(&keys), order_(std::move(order)) {}

  Collection collection_;
  const Snapshot* snapshot_;
  const KeyRing* keys_;
  std::vector<std::size_t> order_;
  std::size_t next_ = 0;
  LtHash hash_;
};

/// All steps at once.
std::expected<CollectionState, Reject> apply_snapshot(Collection collection, const CollectionState& before,
                                                      const Snapshot& snapshot, const KeyRing& keys,
                                                      const std::function<void(SnapshotEntry)>& visit);

}  // namespace whatsapp::app_state
