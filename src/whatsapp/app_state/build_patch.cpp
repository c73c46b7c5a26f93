#include "whatsapp/app_state/build_patch.h"

#include <algorithm>
#include <vector>

#include "proto/app_state.pb.h"
#include "whatsapp/app_state/entries.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using base::ErrorCode;
using base::fail;

struct Sealed {
  Operation operation;
  Record record;
};

std::vector<const Mutation*> last_per_index(std::span<const Mutation> mutations) {
  std::vector<const Mutation*> out;
  std::set<ActionIndex> seen;
  for (auto one = mutations.rbegin(); one != mutations.rend(); ++one)
    if (seen.insert(one->index).second) out.push_back(&*one);
  std::ranges::reverse(out);
  return out;
}

base::Result<void> check(const CollectionState& state, std::span<const Mutation> mutations) {
  if (!state.initialized) return fail(ErrorCode::kUnavailable, "app state collection is not there yet");
  if (state.trust == Trust::kTainted) return fail(ErrorCode::kUnavailable, "app state collection is tainted");
  if (mutations.empty()) return fail(ErrorCode::kInvalidArgument, "app state patch without mutations");
  return {};
}

/// Seals mutations one by one, and keeps the entries up to date.
class PatchWriter {
 public:
  PatchWriter(Entries& entries, const KeyRing& ring, const KeyId& key_id, base::Random& random)
      : entries_(entries), ring_(ring), key_id_(key_id), random_(random) {}

  void write(const Mutation& mutation) {
    const std::string index = to_json(mutation.index);
    bool removed = false;
    ring_.for_each([&](const KeyId& id, const MutationKeys& keys) {
      const bool replaced_in_place = id == key_id_ && mutation.operation == Operation::kSet;
      if (replaced_in_place || !entries_.contains(index_mac(keys, base::as_bytes(index)))) return;
      add({Operation::kRemove, mutation.index, mutation.version, {}}, keys, id);
      removed = true;
    });
    if (mutation.operation == Operation::kSet || !removed) add(mutation, *ring_.find(key_id_), key_id_);
  }

  [[nodiscard]] const std::vector<Sealed>& sealed() const { return sealed_; }

 private:
  void add(const Mutation& mutation, const MutationKeys& keys, const KeyId& id) {
    Record record = seal(mutation, keys, id, random_.bytes<16>());
    if (mutation.operation == Operation::kSet)
      entries_.set(record.index_mac, value_mac_of(record));
    else
      entries_.remove(record.index_mac);
    sealed_.push_back({mutation.operation, std::move(record)});
  }

  Entries& entries_;
  const KeyRing& ring_;
  const KeyId& key_id_;
  base::Random& random_;
  std::vector<Sealed> sealed_;
};

base::Bytes serialised_patch(std::span<const Sealed> sealed, const Mac& snapshot, const Mac& patch,
                             const KeyId& key_id) {
  proto::SyncdPatch wire;
  for (const Sealed& one : sealed) {
    auto& mutation = *wire.add_mutations();
    mutation.set_operation(one.operation == Operation::kSet ? 0 : 1);
    write_record(one.record, *mutation.mutable_record());
  }
  wire.set_snapshot_mac(snapshot.data(), snapshot.size());
  wire.set_patch_mac(patch.data(), patch.size());
  wire.mutable_key_id()->set_id(key_id.data(), key_id.size());
  return serialised(wire);
}

}  // namespace

std::set<IndexMac> possible_entries(const ActionIndex& index, const KeyRing& keys) {
  const std::string json = to_json(index);
  std::set<IndexMac> out;
  keys.for_each(
      [&](const KeyId&, const MutationKeys& one) { out.insert(index_mac(one, base::as_bytes(json))); });
  return out;
}

base::Result<BuiltPatch> build_patch(Collection collection, const CollectionState& state,
                                     const ValueMacs& known, std::span<const Mutation> mutations,
                                     const KeyRing& keys, const KeyId& key_id, base::Random& random) {
  WA_TRY_VOID(check(state, mutations));
  const MutationKeys* own = keys.find(key_id);
  if (own == nullptr) return fail(ErrorCode::kInvalidArgument, "no app state key to encrypt with");

  Entries entries(state.hash, known);
  PatchWriter writer(entries, keys, key_id, random);
  for (const Mutation* mutation : last_per_index(mutations)) writer.write(*mutation);
  if (writer.sealed().size() > kMaxMutationsPerPatch)
    return fail(ErrorCode::kLimit, "too many mutations for one app state patch");

  std::vector<ValueMac> values;
  for (const Sealed& one : writer.sealed()) values.push_back(value_mac_of(one.record));
  const std::uint64_t version = state.version + 1;
  const Mac snapshot = snapshot_mac(*own, collection, version, entries.hash());
  const Mac patch = patch_mac(*own, collection, version, snapshot, values);
  return BuiltPatch{serialised_patch(writer.sealed(), snapshot, patch, key_id),
                    {true, version, entries.hash(), Trust::kVerified},
                    entries.changes()};
}

}  // namespace whatsapp::app_state
