#include "whatsapp/client/sync/collection_records.h"

#include <string>
#include <utility>

#include "base/encoding.h"
#include "proto/account_records.pb.h"
#include "whatsapp/client/sync/record_bytes.h"

namespace whatsapp {

using app_state::Collection;
using app_state::CollectionState;
using base::Result;
using store::Changes;
using store::DeviceStore;

namespace {

constexpr std::string_view kExpiredEpoch = "app_state_expired_epoch";
constexpr std::size_t kKeysPerPage = 256;

std::string kind_of(Collection collection) { return "app_state:" + std::string{to_string(collection)}; }

}  // namespace

Result<app_state::KeyRing> load_key_ring(DeviceStore& device) {
  app_state::KeyRing ring;
  std::string after;
  for (;;) {
    WA_TRY(const auto page, device.records(std::string{kAppStateKeyRecords}, after, kKeysPerPage));
    for (const store::RecordRow& row : page) {
      const auto id = base::from_hex(row.key);
      if (!id) continue;
      auto key = app_state::read_sync_key(*id, row.value);
      if (key && *key) ring.add(**std::move(key));
    }
    if (page.size() < kKeysPerPage) return ring;
    after = page.back().key;
  }
}

Result<CollectionState> load_collection(DeviceStore& device, Collection collection) {
  WA_TRY(const auto bytes, device.record(kind_of(collection), ""));
  proto::CollectionRecord record;
  if (!bytes || !parse_record(*bytes, record)) return CollectionState{};
  if (record.hash().size() != app_state::LtHash::kSize) return CollectionState{};
  const auto hash = base::to_fixed<app_state::LtHash::kSize>(base::as_bytes(record.hash()));
  return CollectionState{record.initialized(), record.version(), app_state::LtHash{hash},
                         record.tainted() ? app_state::Trust::kTainted : app_state::Trust::kVerified};
}

Result<app_state::ValueMacs> load_entries(DeviceStore& device, Collection collection,
                                          const std::set<app_state::IndexMac>& indexes) {
  app_state::ValueMacs out;
  for (const app_state::IndexMac& index : indexes) {
    WA_TRY(const auto bytes, device.record(kind_of(collection), base::to_hex(index)));
    if (bytes && bytes->size() == sizeof(app_state::ValueMac)) out[index] = base::to_fixed<32>(*bytes);
  }
  return out;
}

Result<std::optional<std::uint32_t>> load_expired_epoch(DeviceStore& device) {
  WA_TRY(const auto bytes, device.value(std::string{kExpiredEpoch}));
  if (!bytes || bytes->size() != 4) return std::nullopt;
  return static_cast<std::uint32_t>(base::read_big_endian(*bytes));
}

void put_collection(Collection collection, const CollectionState& state, Changes& changes) {
  proto::CollectionRecord record;
  record.set_initialized(state.initialized);
  record.set_version(state.version);
  record.set_hash(state.hash.bytes().data(), state.hash.bytes().size());
  record.set_tainted(state.trust == app_state::Trust::kTainted);
  changes.records.push_back({kind_of(collection), "", record_bytes(record), 0});
}

void put_entries(Collection collection, const app_state::EntryChanges& entries, Changes& changes) {
  const std::string kind = kind_of(collection);
  for (const auto& [index, value] : entries) {
    if (value)
      changes.records.push_back({kind, base::to_hex(index), base::to_bytes(*value), 0});
    else
      changes.records_dropped.push_back({kind, base::to_hex(index)});
  }
}

void drop_collection(Collection collection, Changes& changes) {
  changes.records_dropped.push_back({kind_of(collection), ""});
}

void put_expired_epoch(std::uint32_t epoch, Changes& changes) {
  const auto bytes = base::big_endian<4>(epoch);
  changes.values.emplace_back(std::string{kExpiredEpoch}, base::to_bytes(bytes));
}

}  // namespace whatsapp
