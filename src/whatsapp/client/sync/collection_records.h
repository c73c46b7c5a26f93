// How the collections of app state lie in the store: one record of state per collection, one record per
// entry (hex of its index MAC → value MAC), the keys by id. All functions here run on the account's lane.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>

#include "base/result.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/sync_key.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

inline constexpr std::string_view kAppStateKeyRecords = "app_state_key";

/// Keys that cannot be read are left out.
base::Result<app_state::KeyRing> load_key_ring(store::DeviceStore& device);
/// A collection that was never synchronised, or cannot be read, is one without state.
base::Result<app_state::CollectionState> load_collection(store::DeviceStore& device,
                                                         app_state::Collection collection);
/// Those of `indexes` that exist.
base::Result<app_state::ValueMacs> load_entries(store::DeviceStore& device, app_state::Collection collection,
                                                const std::set<app_state::IndexMac>& indexes);
/// Keys up to this epoch are not to be written with any more.
base::Result<std::optional<std::uint32_t>> load_expired_epoch(store::DeviceStore& device);

void put_collection(app_state::Collection collection, const app_state::CollectionState& state,
                    store::Changes& changes);
void put_entries(app_state::Collection collection, const app_state::EntryChanges& entries,
                 store::Changes& changes);
/// Forgets all of it: the collection is as on the first day.
void drop_collection(app_state::Collection collection, store::Changes& changes);
void put_expired_epoch(std::uint32_t epoch, store::Changes& changes);

}  // namespace whatsapp
