#include "whatsapp/app_state/recovery.h"

#include <chrono>
#include <set>

#include "proto/app_state.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenPhoneRequests = 48h;

std::unexpected<Reject> reject(RejectReason reason, std::string message) {
  return std::unexpected(Reject{reason, std::move(message), {}});
}

bool complete(const proto::SyncdPlainTextRecord& record) {
  return record.mac().size() == 32 && record.value().has_index() && record.value().has_version();
}

std::set<KeyId> missing_keys(const proto::SyncdSnapshotRecovery& wire, const KeyRing& keys) {
  std::set<KeyId> missing;
  for (const auto& record : wire.mutation_records()) {
    KeyId id = base::to_bytes(record.key_id());
    if (keys.find(id) == nullptr) missing.insert(std::move(id));
  }
  return missing;
}

void take(const proto::SyncdPlainTextRecord& record, const KeyRing& keys, Recovered& out) {
  const MutationKeys& record_keys = *keys.find(base::as_bytes(record.key_id()));
  const auto& data = record.value();
  out.entries[index_mac(record_keys, base::as_bytes(data.index()))] =
      base::to_fixed<32>(base::as_bytes(record.mac()));
  auto index = read_index(data.index());
  if (!index) return;
  base::Bytes value;
  for (const std::string& part : data.value()) base::append(value, base::as_bytes(part));
  out.mutations.push_back({Operation::kSet, *std::move(index), data.version(), std::move(value)});
}

}  // namespace

RecoveryStep next_step(const RecoveryHistory& history, base::Clock::wall_time now) {
  if (!history.resynced) return RecoveryStep::kResync;
  if (!history.phone_asked_at || now - *history.phone_asked_at >= kBetweenPhoneRequests)
    return RecoveryStep::kAskPhone;
  return RecoveryStep::kCarryOn;
}

std::expected<Recovered, Reject> read_recovery(Collection collection, const CollectionState& state,
                                               base::ByteView plain, const KeyRing& keys) {
  proto::SyncdSnapshotRecovery wire;
  if (!parse(wire, plain)) return reject(RejectReason::kMalformed, "no app state recovery");
  if (wire.collection_name() != to_string(collection))
    return reject(RejectReason::kMalformed, "app state recovery of another collection");
  if (wire.collection_lthash().size() != LtHash::kSize)
    return reject(RejectReason::kMalformed, "app state recovery with a hash of a wrong length");
  if (wire.version().version() <= state.version)
    return reject(RejectReason::kVersionGap, "app state recovery is not later than what we have");
  for (const auto& record : wire.mutation_records())
    if (!complete(record)) return reject(RejectReason::kMalformed, "app state recovery record is incomplete");
  if (const auto missing = missing_keys(wire, keys); !missing.empty())
    return std::unexpected(Reject{
        RejectReason::kUnknownKey, "keys of a recovery are missing", {missing.begin(), missing.end()}});

  Recovered out;
  const auto hash = base::to_fixed<LtHash::kSize>(base::as_bytes(wire.collection_lthash()));
  out.state = {true, wire.version().version(), LtHash{hash}, Trust::kVerified};
  for (const auto& record : wire.mutation_records()) take(record, keys, out);
  return out;
}

}  // namespace whatsapp::app_state
