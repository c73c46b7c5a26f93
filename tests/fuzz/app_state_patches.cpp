// App state from the server: patches, snapshots, keys, actions.
#include "input.h"
#include "whatsapp/app_state/action_index.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/patch.h"
#include "whatsapp/app_state/snapshot.h"
#include "whatsapp/app_state/sync_action.h"
#include "whatsapp/app_state/sync_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whatsapp::app_state;
  fuzz::Input in(data, size);
  const auto kind = in.byte() % 5;
  const auto bytes = in.rest();
  const KeyRing no_keys;
  const CollectionState empty;
  if (kind == 0) {
    auto patch = read_patch(bytes);
    if (!patch) return 0;
    (void)missing_keys(*patch, no_keys);
    (void)touched_entries(*patch);
    (void)apply_patch(Collection::kRegular, empty, {}, *patch, no_keys);
  } else if (kind == 1) {
    const auto snapshot = read_snapshot(bytes);
    if (snapshot) (void)apply_snapshot(Collection::kRegular, empty, *snapshot, no_keys, [](SnapshotEntry) {});
  } else if (kind == 2) {
    (void)read_index(fuzz::text(bytes));
  } else if (kind == 3) {
    (void)read_sync_key(bytes.first(std::min<std::size_t>(6, bytes.size())), bytes);
  } else {
    (void)read_blob_reference(bytes);
    Patch patch;
    patch.external.emplace();
    (void)add_external(patch, bytes);
  }
  return 0;
}
