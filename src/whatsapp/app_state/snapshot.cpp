#include "whatsapp/app_state/snapshot.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <climits>
#include <map>
#include <set>

#include "crypto/hmac.h"
#include "proto/app_state.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using base::ByteView;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::uint32_t kRecordTag = (proto::SyncdSnapshot::kRecordsFieldNumber << 3) |
                                     static_cast<std::uint32_t>(WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

std::size_t position(const CodedInputStream& input) {
  return static_cast<std::size_t>(input.CurrentPosition());
}

/// Splits the file into its records and, in `rest`, everything else. False for bytes that are no message.
bool split(ByteView file, std::vector<ByteView>& records, base::Bytes& rest) {
  CodedInputStream input(file.data(), static_cast<int>(file.size()));
  for (;;) {
    const std::size_t begin = position(input);
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0) return begin == file.size() && input.ConsumedEntireMessage();
    if (tag != kRecordTag) {
      if (!WireFormatLite::SkipField(&input, tag)) return false;
      base::append(rest, file.subspan(begin, position(input) - begin));
      continue;
    }
    std::uint32_t size = 0;
    if (!input.ReadVarint32(&size) || size > file.size() - position(input)) return false;
    records.push_back(file.subspan(position(input), size));
    if (!input.Skip(static_cast<int>(size))) return false;
  }
}

base::Result<Record> record_at(ByteView bytes) {
  proto::SyncdRecord wire;
  if (!parse(wire, bytes)) return base::fail(base::ErrorCode::kMalformed, "snapshot record is malformed");
  return read_record(wire);
}

std::unexpected<Reject> malformed(std::string message) {
  return std::unexpected(Reject{RejectReason::kMalformed, std::move(message), {}});
}

/// For each index the record that counts; sorted by its place in the file.
std::vector<std::size_t> last_per_index(const std::vector<IndexMac>& indexes) {
  std::vector<std::size_t> order(indexes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return indexes[a] == indexes[b] ? a > b : indexes[a] < indexes[b];
  });
  const auto repeated = std::ranges::unique(order, {}, [&](std::size_t i) { return indexes[i]; });
  order.erase(repeated.begin(), repeated.end());
  std::ranges::sort(order);
  return order;
}

/// The places of the records that count; looks at every record once, so that all missing keys are known.
std::expected<std::vector<std::size_t>, Reject> survey(const Snapshot& snapshot, const KeyRing& keys) {
  std::set<KeyId> missing;
  if (keys.find(snapshot.key_id) == nullptr) missing.insert(snapshot.key_id);
  std::vector<IndexMac> indexes;
  indexes.reserve(snapshot.records.size());
  for (const ByteView bytes : snapshot.records) {
    const auto record = record_at(bytes);
    if (!record) return malformed(record.error().message);
    if (keys.find(record->key_id) == nullptr) missing.insert(record->key_id);
    indexes.push_back(record->index_mac);
  }
  if (!missing.empty())
    return std::unexpected(Reject{
        RejectReason::kUnknownKey, "keys of a snapshot are missing", {missing.begin(), missing.end()}});
  return last_per_index(indexes);
}

}  // namespace

base::Result<Snapshot> read_snapshot(ByteView file) {
  Snapshot out;
  base::Bytes rest;
  proto::SyncdSnapshot wire;
  if (file.size() > INT_MAX || !split(file, out.records, rest) || !parse(wire, rest))
    return base::fail(base::ErrorCode::kMalformed, "no app state snapshot");
  const std::string& key_id = wire.key_id().id();
  if (!wire.version().has_version() || wire.mac().size() != out.mac.size() || key_id.empty() ||
      key_id.size() > kMaxKeyIdSize)
    return base::fail(base::ErrorCode::kMalformed, "app state snapshot without version, MAC or key id");
  out.version = wire.version().version();
  out.mac = base::to_fixed<32>(base::as_bytes(wire.mac()));
  out.key_id = base::to_bytes(key_id);
  return out;
}

std::expected<SnapshotReplay, Reject> SnapshotReplay::begin(Collection collection,
                                                            const CollectionState& before,
                                                            const Snapshot& snapshot, const KeyRing& keys) {
  if (before != CollectionState{})
    return std::unexpected(
        Reject{RejectReason::kSnapshotNotAsked, "snapshot for a collection that has a state", {}});
  auto order = survey(snapshot, keys);
  if (!order) return std::unexpected(std::move(order).error());
  return SnapshotReplay{collection, snapshot, keys, *std::move(order)};
}

std::expected<void, Reject> SnapshotReplay::step(std::size_t count, const Visit& visit) {
  for (; count > 0 && !done(); --count, ++next_) {
    const auto record = record_at(snapshot_->records[order_[next_]]);
    if (!record) return malformed(record.error().message);
    auto mutation = open(*record, Operation::kSet, *keys_);
    if (!mutation) return std::unexpected(std::move(mutation).error());
    const ValueMac value = value_mac_of(*record);
    hash_.add(value);
    visit({record->index_mac, value, *std::move(mutation)});
  }
  return {};
}

CollectionState SnapshotReplay::finish() const {
  const Mac expected = snapshot_mac(*keys_->find(snapshot_->key_id), collection_, snapshot_->version, hash_);
  const bool same = crypto::equal_constant_time(expected, snapshot_->mac);
  return CollectionState{true, snapshot_->version, hash_, same ? Trust::kVerified : Trust::kTainted};
}

std::expected<CollectionState, Reject> apply_snapshot(Collection collection, const CollectionState& before,
                                                      const Snapshot& snapshot, const KeyRing& keys,
                                                      const std::function<void(SnapshotEntry)>& visit) {
  auto replay = SnapshotReplay::begin(collection, before, snapshot, keys);
  if (!replay) return std::unexpected(std::move(replay).error());
  if (auto applied = replay->step(snapshot.records.size(), visit); !applied)
    return std::unexpected(std::move(applied).error());
  return replay->finish();
}

}  // namespace whatsapp::app_state
