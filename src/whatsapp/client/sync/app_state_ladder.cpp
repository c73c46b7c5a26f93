// The part of AppStateSync for what goes wrong: who waits, who starts again, who asks the phone.
#include <chrono>
#include <utility>

#include "proto/account_records.pb.h"
#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "proto/peer_data.pb.h"
#include "whatsapp/app_state/recovery.h"
#include "whatsapp/client/sync/app_state_sync.h"
#include "whatsapp/client/sync/collection_records.h"
#include "whatsapp/client/sync/record_bytes.h"
#include "whatsapp/media/inflate_source.h"

namespace whatsapp {

using app_state::Collection;
using app_state::Reject;
using app_state::RejectReason;
using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRecoveryRecords = "app_state_recovery";
constexpr int kRecoveryOperation = 8;
constexpr auto kParkedFor = 24h;
constexpr auto kForcedAgainAfter = 24h;
constexpr std::uint64_t kMostCopyBytes = std::uint64_t{64} << 20;
constexpr std::size_t kSlice = 256;

Result<proto::RecoveryRecord> load_recovery(DeviceStore& device, Collection collection) {
  proto::RecoveryRecord record;
  WA_TRY(const auto bytes, device.record(std::string{kRecoveryRecords}, std::string{to_string(collection)}));
  if (bytes && !parse_record(*bytes, record)) record.Clear();
  return record;
}

Changes recovery_changes(Collection collection, const proto::RecoveryRecord& record) {
  Changes changes;
  changes.records.push_back(
      {std::string{kRecoveryRecords}, std::string{to_string(collection)}, record_bytes(record), 0});
  return changes;
}

Bytes recovery_request(Collection collection, std::int64_t now) {
  proto::PeerDataOperationRequestMessage request;
  request.set_peer_data_operation_request_type(kRecoveryOperation);
  auto& wanted = *request.mutable_syncd_collection_fatal_recovery_request();
  wanted.set_collection_name(std::string{to_string(collection)});
  wanted.set_timestamp(now);
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE);
  protocol.set_peer_data_operation_request_message(request.SerializeAsString());
  return record_bytes(message);
}

/// The copy as it was before the phone compressed it.
Result<Bytes> inflated(base::ByteView compressed) {
  media::MemorySource source(compressed);
  media::InflateSource inflate(source, {.total_bytes = kMostCopyBytes});
  Bytes out;
  Bytes piece(64 * 1024);
  for (;;) {
    WA_TRY(const std::size_t count, inflate.read(piece));
    if (count == 0) return out;
    base::append(out, base::ByteView{piece}.first(count));
  }
}

}  // namespace

// ---- reactions
// ----------------------------------------------------------------------------------------------

Task<Result<AppStateSync::Next>> AppStateSync::refused(Collection collection, Reject reject) {
  parts_.outside.log.info("app state was not applied", {{"collection", to_string(collection)},
                                                        {"reason", to_string(reject.reason)},
                                                        {"error", reject.message}});
  switch (reject.reason) {
    case RejectReason::kUnknownKey:
      blocked_.insert(collection);
      keys_.request(std::move(reject.missing_keys));
      co_return Next::kParked;
    case RejectReason::kVersionGap:
      if (++gaps_[collection] == 2) WA_CO_TRY_VOID(co_await reset(collection));
      co_return gaps_[collection] <= 2 ? Next::kAgain : Next::kLater;
    case RejectReason::kTerminal:
      co_return co_await fatal(collection);
    case RejectReason::kNotDownloaded:
      co_return Next::kLater;
    case RejectReason::kMalformed:
    case RejectReason::kPatchMac:
    case RejectReason::kValueMac:
    case RejectReason::kIndexMac:
    case RejectReason::kSnapshotNotAsked:
      break;
  }
  co_return co_await climb(collection);
}

/// A full snapshot, then the phone's copy, then nothing for a day (10 P1).
Task<Result<AppStateSync::Next>> AppStateSync::climb(Collection collection) {
  auto load = [collection](DeviceStore& device) { return load_recovery(device, collection); };
  WA_CO_TRY(const auto record, co_await parts_.outside.store.read(load));
  app_state::RecoveryHistory history;
  history.resynced = resynced_.contains(collection);
  if (record.has_asked_at())
    history.phone_asked_at = base::Clock::wall_time{std::chrono::seconds{record.asked_at()}};
  const auto now = base::Clock::wall_time{std::chrono::seconds{parts_.connection.unix_seconds()}};
  switch (app_state::next_step(history, now)) {
    case app_state::RecoveryStep::kResync:
      resynced_.insert(collection);
      WA_CO_TRY_VOID(co_await reset(collection));
      co_return Next::kAgain;
    case app_state::RecoveryStep::kAskPhone:
      if (parts_.connection.attached()) parts_.connection.scope().spawn(ask_phone(collection));
      break;
    case app_state::RecoveryStep::kCarryOn:
      break;
  }
  co_return park(collection);
}

/// The contents are proven, only our hash is not that of the others: it can be read on as it is.
Task<Result<AppStateSync::Next>> AppStateSync::climb_tainted(Collection collection) {
  WA_CO_TRY(const Next next, co_await climb(collection));
  parked_until_.erase(collection);
  co_return next == Next::kParked ? Next::kDone : next;
}

Task<Result<AppStateSync::Next>> AppStateSync::fatal(Collection collection) {
  const auto now = parts_.outside.loop.clock().now();
  const auto before = forced_at_.find(collection);
  if (before != forced_at_.end() && now - before->second < kForcedAgainAfter) co_return park(collection);
  forced_at_[collection] = now;
  WA_CO_TRY_VOID(co_await reset(collection));
  co_return Next::kAgain;
}

Task<Result<void>> AppStateSync::reset(Collection collection) {
  Changes changes;
  drop_collection(collection, changes);
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

/// What cannot be read is not fetched again and again.
AppStateSync::Next AppStateSync::park(Collection collection) {
  parked_until_[collection] = parts_.outside.loop.clock().now() + kParkedFor;
  return Next::kParked;
}

bool AppStateSync::parked(Collection collection) const {
  if (blocked_.contains(collection)) return true;
  const auto until = parked_until_.find(collection);
  return until != parked_until_.end() && parts_.outside.loop.clock().now() < until->second;
}

// ---- the phone's copy
// ---------------------------------------------------------------------------------------

Task<void> AppStateSync::ask_phone(Collection collection) {
  const std::int64_t now = parts_.connection.unix_seconds();
  proto::RecoveryRecord record;
  record.set_asked_at(now);
  record.set_request_id(peers_.fresh_id());
  const auto noted = co_await parts_.outside.store.commit(recovery_changes(collection, record));
  if (!noted) co_return parts_.connection.give_up(noted.error());
  PeerMessage message;
  message.id = record.request_id();
  message.content = recovery_request(collection, now);
  parts_.outside.log.info("asking our phone for its copy of app state",
                          {{"collection", to_string(collection)}});
  const auto sent = co_await peers_.send(std::move(message));
  if (sent) co_return;
  Changes forgotten;
  forgotten.records_dropped.push_back({std::string{kRecoveryRecords}, std::string{to_string(collection)}});
  (void)co_await parts_.outside.store.commit(std::move(forgotten));
}

Task<Result<void>> AppStateSync::take(const message::SelfNotice&, const MessageSource&, Changes&) {
  co_return Result<void>{};
}

void AppStateSync::committed(const message::SelfNotice& notice, const MessageSource& source) {
  const auto* answer = std::get_if<message::PeerDataResponse>(&notice);
  if (answer == nullptr || source.sender.device() != 0 || !parts_.connection.attached()) return;
  proto::PeerDataOperationRequestResponseMessage response;
  if (!parse_record(answer->response, response)) return;
  if (response.peer_data_operation_request_type() != kRecoveryOperation) return;
  for (const auto& result : response.peer_data_operation_result()) {
    if (!result.has_syncd_snapshot_fatal_recovery_response()) continue;
    const auto& copy = result.syncd_snapshot_fatal_recovery_response();
    const auto bytes = base::as_bytes(copy.collection_snapshot());
    auto plain = copy.is_compressed() ? inflated(bytes) : Result<Bytes>{base::to_bytes(bytes)};
    if (!plain) continue;
    proto::SyncdSnapshotRecovery named;
    if (!parse_record(*plain, named)) continue;
    if (const auto collection = app_state::collection_from(named.collection_name()))
      parts_.connection.scope().spawn(recover(*collection, *std::move(plain), response.stanza_id()));
  }
}

Task<void> AppStateSync::recover(Collection collection, Bytes copy, std::string request_id) {
  const auto held = co_await mutex_.lock();
  if (!held) co_return;
  auto read = [&](DeviceStore& device) -> Result<std::expected<app_state::Recovered, Reject>> {
    WA_TRY(const auto asked, load_recovery(device, collection));
    if (asked.request_id() != request_id)
      return fail(ErrorCode::kInvalidArgument, "nobody asked for this copy");
    WA_TRY(const auto state, load_collection(device, collection));
    WA_TRY(const auto ring, load_key_ring(device));
    return app_state::read_recovery(collection, state, copy, ring);
  };
  auto recovered = co_await parts_.outside.store.read(read);
  if (!recovered || !*recovered) {
    parts_.outside.log.warn("the phone's copy of app state is of no use",
                            {{"error", recovered ? recovered->error().message : recovered.error().message}});
    if (recovered && recovered->error().reason == RejectReason::kUnknownKey)
      keys_.request(recovered->error().missing_keys);
    co_return;
  }
  const auto emptied = co_await reset(collection);
  if (!emptied) co_return;
  const std::vector<app_state::Mutation> no_mutations;
  app_state::EntryChanges slice;
  for (const auto& [index, value] : (*recovered)->entries) {
    slice.emplace(index, value);
    if (slice.size() < kSlice) continue;
    const auto kept = co_await commit(collection, std::nullopt, slice, no_mutations, Telling::kQuietly);
    if (!kept) co_return;
    slice.clear();
  }
  const auto& whole = **recovered;
  const auto done = co_await commit(collection, whole.state, slice, whole.mutations, Telling::kQuietly);
  if (!done) co_return;
  parked_until_.erase(collection);
  parts_.outside.log.info("app state restored from our phone's copy",
                          {{"collection", to_string(collection)}, {"version", whole.state.version}});
}

}  // namespace whatsapp
