// A patch: the step of a collection from one version to the next, as another device wrote it. Spec 07 A4.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/app_state/record.h"

namespace whatsapp::app_state {

/// Where a snapshot, or the mutations of a large patch, are to be downloaded: media of the kind app state
/// (HKDF info "WhatsApp App State Keys").
struct BlobReference {
  base::FixedBytes<32> media_key{};
  std::string direct_path;
  std::string handle;
  std::uint64_t file_size = 0;  // 0: not told
  base::Bytes file_sha256;      // 32 bytes or none
  base::Bytes file_enc_sha256;  // 32 bytes or none
};

/// The content of `<snapshot>`.
base::Result<BlobReference> read_blob_reference(base::ByteView bytes);

struct PatchMutation {
  Operation operation = Operation::kSet;
  Record record;
};

struct Patch {
  std::optional<std::uint64_t> version;   // after the patch; not told: one more than before
  std::vector<PatchMutation> mutations;   // in wire order
  std::optional<BlobReference> external;  // the mutations are there; to be downloaded and given to
                                          // add_external
  Mac snapshot_mac{};
  Mac patch_mac{};
  KeyId key_id;
  std::uint64_t exit_code = 0;  // not 0: the service's word that patches end here; nothing else is valid
};

/// kMalformed for bytes that are no patch, lack a MAC, or hold mutations both inside and outside.
base::Result<Patch> read_patch(base::ByteView bytes);

/// `blob`: the downloaded file. kMalformed if it holds no mutations.
base::Result<void> add_external(Patch& patch, base::ByteView blob);

/// Ids of keys that the patch needs and the ring does not have.
std::set<KeyId> missing_keys(const Patch& patch, const KeyRing& ring);

/// The entries that the patch changes: what to load from the store before it can be applied.
std::set<IndexMac> touched_entries(const Patch& patch);

}  // namespace whatsapp::app_state
