#include "whatsapp/app_state/patch.h"

#include "proto/app_state.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

bool is_hash_or_empty(const std::string& hash) { return hash.empty() || hash.size() == 32; }

Result<BlobReference> blob_reference(const proto::ExternalBlobReference& wire) {
  if (wire.media_key().size() != 32 || wire.direct_path().empty() || !is_hash_or_empty(wire.file_sha256()) ||
      !is_hash_or_empty(wire.file_enc_sha256()))
    return fail(ErrorCode::kMalformed, "reference to an app state file is incomplete");
  return BlobReference{base::to_fixed<32>(base::as_bytes(wire.media_key())),
                       wire.direct_path(),
                       wire.handle(),
                       wire.file_size_bytes(),
                       base::to_bytes(wire.file_sha256()),
                       base::to_bytes(wire.file_enc_sha256())};
}

Result<PatchMutation> mutation(const proto::SyncdMutation& wire) {
  if (wire.operation() != 0 && wire.operation() != 1)
    return fail(ErrorCode::kMalformed, "app state mutation of an unknown kind");
  WA_TRY(Record record, read_record(wire.record()));
  return PatchMutation{wire.operation() == 0 ? Operation::kSet : Operation::kRemove, std::move(record)};
}

template <class WireMutations>
Result<void> append_mutations(const WireMutations& wire, std::vector<PatchMutation>& out) {
  out.reserve(out.size() + static_cast<std::size_t>(wire.size()));
  for (const auto& one : wire) {
    WA_TRY(PatchMutation read, mutation(one));
    out.push_back(std::move(read));
  }
  return {};
}

Result<void> read_proof(const proto::SyncdPatch& wire, Patch& patch) {
  const std::string& key_id = wire.key_id().id();
  if (wire.snapshot_mac().size() != patch.snapshot_mac.size() ||
      wire.patch_mac().size() != patch.patch_mac.size() || key_id.empty() || key_id.size() > kMaxKeyIdSize)
    return fail(ErrorCode::kMalformed, "app state patch without MACs or key id");
  patch.snapshot_mac = base::to_fixed<32>(base::as_bytes(wire.snapshot_mac()));
  patch.patch_mac = base::to_fixed<32>(base::as_bytes(wire.patch_mac()));
  patch.key_id = base::to_bytes(key_id);
  return {};
}

}  // namespace

Result<BlobReference> read_blob_reference(base::ByteView bytes) {
  proto::ExternalBlobReference wire;
  if (!parse(wire, bytes)) return fail(ErrorCode::kMalformed, "no reference to an app state file");
  return blob_reference(wire);
}

Result<Patch> read_patch(base::ByteView bytes) {
  proto::SyncdPatch wire;
  if (!parse(wire, bytes)) return fail(ErrorCode::kMalformed, "no app state patch");
  Patch patch;
  if (wire.version().has_version()) patch.version = wire.version().version();
  patch.exit_code = wire.exit_code().code();
  if (patch.exit_code != 0) return patch;
  WA_TRY_VOID(read_proof(wire, patch));
  if (wire.has_external_mutations()) {
    if (wire.mutations_size() > 0)
      return fail(ErrorCode::kMalformed, "app state patch with mutations inside and outside");
    WA_TRY(patch.external, blob_reference(wire.external_mutations()));
    return patch;
  }
  WA_TRY_VOID(append_mutations(wire.mutations(), patch.mutations));
  return patch;
}

Result<void> add_external(Patch& patch, base::ByteView blob) {
  proto::SyncdMutations wire;
  if (!parse(wire, blob) || wire.mutations_size() == 0)
    return fail(ErrorCode::kMalformed, "app state file without mutations");
  WA_TRY_VOID(append_mutations(wire.mutations(), patch.mutations));
  patch.external.reset();
  return {};
}

std::set<KeyId> missing_keys(const Patch& patch, const KeyRing& ring) {
  std::set<KeyId> missing;
  const auto need = [&](const KeyId& id) {
    if (ring.find(id) == nullptr) missing.insert(id);
  };
  if (patch.exit_code == 0) need(patch.key_id);
  for (const PatchMutation& one : patch.mutations) need(one.record.key_id);
  return missing;
}

std::set<IndexMac> touched_entries(const Patch& patch) {
  std::set<IndexMac> touched;
  for (const PatchMutation& one : patch.mutations) touched.insert(one.record.index_mac);
  return touched;
}

}  // namespace whatsapp::app_state
