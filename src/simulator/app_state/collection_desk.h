// The app state of every account as the server keeps it: five collections, each a version, the patches that
// led to it and the records as they are now (spec 07 A10). The server has no keys. It orders patches, refuses
// those that come too late, and tells the other devices; what is in them it cannot know. The hash over a
// collection needs no key either, so it is kept along for those who check patches, see on_patch.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/delivery.h"
#include "simulator/server_state.h"
#include "whatsapp/app_state/collection.h"

namespace simulator {

namespace app_state = whatsapp::app_state;

struct StoredPatch {
  std::uint64_t version = 0;
  base::Bytes bytes;  // SyncdPatch with its version
};

struct StoredCollection {
  StoredCollection() { state.initialized = true; }

  app_state::CollectionState state;
  app_state::ValueMacs values;
  std::map<app_state::IndexMac, base::Bytes> records;  // serialised SyncdRecords
  std::vector<StoredPatch> patches;                    // all of them, oldest first
  base::Bytes mac;                                     // snapshot MAC of the newest patch
  base::Bytes key_id;                                  // and its key
  struct Blob {
    std::uint64_t version = 0;
    base::Bytes reference;  // serialised ExternalBlobReference
  };
  std::optional<Blob> snapshot;  // as it was served last
};

/// What goes wrong with a collection on command. All of it happens to what is served, not to what is stored.
struct CollectionFault {
  enum class Kind {
    kError,            // answered as an error with `code`
    kOmit,             // left out of the answer
    kConflict,         // an upload is refused with 409 although it fits
    kValueMac,         // of the next patch served: the last byte of its first record's value
    kIndexMac,         // the first byte of its first record's index
    kPatchMac,         // of the next patch served
    kSnapshotMac,      // the same; the patch MAC, which is over it, is then wrong too
    kUnknownKey,       // the next patch served names a key that nobody has
    kExitCode,         // the next patch served carries exit code `code`
    kGap,              // the first patch is left out
    kDuplicate,        // each patch of the answer is served twice
    kNoVersion,        // the next patch is served without its version
    kSnapshotTotal,    // the MAC of the snapshot served is wrong
    kUnaskedSnapshot,  // a snapshot is served although none was asked for
  };
  Kind kind = Kind::kError;
  std::string collection{};  // empty: any
  int count = 1;
  int code = 500;
};

std::optional<CollectionFault::Kind> collection_fault_kind(std::string_view word);

class CollectionDesk {
 public:
  CollectionDesk(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  /// Answers an iq with xmlns `w:sync:app:state`; an iq error code if it cannot.
  base::Result<Node::Children> answer(Device& device, const Node& iq);
  /// A patch that follows on version `base`. kConflict if that is not the current one, kMalformed.
  base::Result<std::uint64_t> submit(Device& from, app_state::Collection name, std::uint64_t base,
                                     base::ByteView patch);
  /// Tells a device that a collection has changed, as after a patch of another one.
  void tell(Device& device, app_state::Collection name);

  [[nodiscard]] StoredCollection& collection(const Account& account, app_state::Collection name) {
    return collections_[&account][name];
  }
  void arm(const CollectionFault& fault) { faults_.push_back(fault); }
  /// Patches per answer; what is left makes it `has_more_patches`.
  void set_page(std::size_t patches) { page_ = patches; }

  /// Called with each patch from a real client before it is stored, and the collection as it was before.
  std::function<void(Device& from, app_state::Collection name, const StoredCollection& before,
                     base::ByteView patch)>
      on_patch = [](auto&&...) {};

 private:
  Node answer_one(Device& device, const Node& request);
  Node take_patch(Device& device, const Node& request, app_state::Collection name, Node answer);
  void add_snapshot(const std::string& name, StoredCollection& stored, Node& answer);
  void add_patches(const std::string& name, const StoredCollection& stored, std::uint64_t since,
                   Node& answer);
  base::Result<base::Bytes> snapshot_reference(StoredCollection& stored, bool wrong_mac);
  bool take(CollectionFault::Kind kind, const std::string& name, int* code = nullptr);
  base::Bytes damaged(const std::string& name, base::Bytes patch);

  ServerState& state_;
  Delivery& delivery_;
  std::map<const Account*, std::map<app_state::Collection, StoredCollection>> collections_;
  std::vector<CollectionFault> faults_;
  std::size_t page_ = 1000;
};

}  // namespace simulator
