// The phone's part in app state: it makes the keys and shares them, changes settings, checks what its
// companions change, and has the plain copy that a companion may ask for (spec 07 A2, A7, A10).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "simulator/app_state/collection_desk.h"
#include "whatsapp/app_state/make_action.h"
#include "whatsapp/app_state/sync_key.h"

namespace simulator {

class World;

/// A mutation that a companion has made.
struct CompanionChange {
  std::string device;  // its JID
  app_state::Collection collection = app_state::Collection::kRegularLow;
  std::uint64_t version = 0;  // after the patch
  app_state::Mutation mutation;
};

class PhoneAppState {
 public:
  PhoneAppState(World& world, Account& account);

  /// Where the mutations of a patch are: in it, or in a file on the media hosts.
  enum class Place { kInline, kExternal };
  /// A wrong snapshot MAC below a right patch MAC: the contents are proven, the whole is not.
  enum class SnapshotMac { kRight, kWrong };
  /// Makes a patch and hands it to the server; companions are told. Returns the version after it.
  base::Result<std::uint64_t> change(const app_state::MutationSet& set, Place place = Place::kInline,
                                     SnapshotMac mac = SnapshotMac::kRight);
  /// A removal of an entry that is not there, as phones send them at times.
  base::Result<std::uint64_t> remove_nothing(app_state::Collection name, const std::string& jid);
  /// The next changes are made with a new key. It is not shared by this.
  void rotate_key();

  /// A serialised Message with the keys, or with those of `wanted` that exist; the others by id alone.
  [[nodiscard]] base::Bytes key_share() const;
  [[nodiscard]] base::Bytes key_share(std::span<const app_state::KeyId> wanted) const;
  /// The ids without their keys: "I have not got them".
  [[nodiscard]] static base::Bytes orphan_share(std::span<const app_state::KeyId> wanted);

  /// A serialised SyncdSnapshotRecovery of a collection as it is.
  [[nodiscard]] base::Result<base::Bytes> plain_copy(app_state::Collection name) const;

  /// Checks a companion's patch and remembers what it does. A wrong one is a violation.
  void review(const Device& from, app_state::Collection name, const StoredCollection& before,
              base::ByteView patch);
  [[nodiscard]] const std::deque<CompanionChange>& changes() const { return changes_; }

 private:
  void new_key();
  [[nodiscard]] StoredCollection& stored(app_state::Collection name) const;
  base::Result<std::uint64_t> submit(app_state::Collection name, base::ByteView patch);
  base::Result<base::Bytes> moved_outside(base::ByteView patch) const;
  base::Result<base::Bytes> with_wrong_snapshot_mac(app_state::Collection name, std::uint64_t version,
                                                    base::ByteView patch) const;

  World& world_;
  Account& account_;
  app_state::KeyRing ring_;
  std::vector<app_state::SyncKey> keys_;  // newest last
  std::deque<CompanionChange> changes_;
};

}  // namespace simulator
