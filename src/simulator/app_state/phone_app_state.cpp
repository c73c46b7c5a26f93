#include "simulator/app_state/phone_app_state.h"

#include <algorithm>

#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "simulator/media/file_transfer.h"
#include "simulator/world.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/build_patch.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Changes by companions that are remembered; older ones are forgotten.
constexpr std::size_t kKeptChanges = 10'000;

base::Bytes bytes_of(const google::protobuf::MessageLite& message) {
  return base::to_bytes(message.SerializeAsString());
}

/// A share under way.
class Share {
 public:
  Share() {
    auto& protocol = *message_.mutable_protocol_message();
    protocol.set_type(whatsapp::proto::ProtocolMessage::APP_STATE_SYNC_KEY_SHARE);
    keys_ = protocol.mutable_app_state_sync_key_share();
  }
  void add(const app_state::SyncKey& key, const Account& account) {
    auto& entry = *keys_->add_keys();
    entry.mutable_key_id()->set_key_id(base::to_string(key.id));
    auto& data = *entry.mutable_key_data();
    data.set_key_data(base::to_string(key.data.view()));
    data.set_timestamp(key.timestamp_ms);
    auto& fingerprint = *data.mutable_fingerprint();
    fingerprint.set_raw_id(account.raw_id);
    fingerprint.set_current_index(account.current_index);
    for (const auto& [id, device] : account.devices) fingerprint.add_device_indexes(device->key_index);
  }
  void add_orphan(const app_state::KeyId& id) {
    keys_->add_keys()->mutable_key_id()->set_key_id(base::to_string(id));
  }
  [[nodiscard]] base::Bytes finish() const { return bytes_of(message_); }

 private:
  whatsapp::proto::Message message_;
  whatsapp::proto::AppStateSyncKeyShare* keys_ = nullptr;
};

}  // namespace

PhoneAppState::PhoneAppState(World& world, Account& account) : world_(world), account_(account) { new_key(); }

void PhoneAppState::new_key() {
  app_state::SyncKey key;
  key.id = base::concat(base::big_endian<2>(0), base::big_endian<4>(keys_.size() + 1));
  key.data = base::Secret<32>{world_.random().bytes<32>()};
  key.timestamp_ms = world_.loop().clock().unix_millis();
  ring_.add(key);
  keys_.push_back(std::move(key));
}

void PhoneAppState::rotate_key() { new_key(); }

StoredCollection& PhoneAppState::stored(app_state::Collection name) const {
  return world_.server().collections().collection(account_, name);
}

Result<std::uint64_t> PhoneAppState::submit(app_state::Collection name, base::ByteView patch) {
  return world_.server().collections().submit(*account_.device(0), name, stored(name).state.version, patch);
}

Result<std::uint64_t> PhoneAppState::change(const app_state::MutationSet& set, Place place, SnapshotMac mac) {
  const StoredCollection& now = stored(set.collection);
  WA_TRY(app_state::BuiltPatch built,
         app_state::build_patch(set.collection, now.state, now.values, set.mutations, ring_, keys_.back().id,
                                world_.random()));
  if (mac == SnapshotMac::kWrong) {
    WA_TRY(built.bytes, with_wrong_snapshot_mac(set.collection, built.state.version, built.bytes));
  }
  if (place == Place::kInline) return submit(set.collection, built.bytes);
  WA_TRY(const base::Bytes outside, moved_outside(built.bytes));
  return submit(set.collection, outside);
}

Result<base::Bytes> PhoneAppState::with_wrong_snapshot_mac(app_state::Collection name, std::uint64_t version,
                                                           base::ByteView bytes) const {
  whatsapp::proto::SyncdPatch patch;
  if (!patch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(ErrorCode::kMalformed, "no patch");
  auto& wrong = *patch.mutable_snapshot_mac();
  wrong.front() = static_cast<char>(wrong.front() ^ 0x01);
  std::vector<app_state::ValueMac> values;
  for (const auto& mutation : patch.mutations()) {
    WA_TRY(const app_state::Record record, app_state::read_record(mutation.record()));
    values.push_back(app_state::value_mac_of(record));
  }
  const auto mac =
      app_state::patch_mac(*ring_.find(keys_.back().id), name, version, base::as_bytes(wrong), values);
  patch.set_patch_mac(mac.data(), mac.size());
  return bytes_of(patch);
}

Result<base::Bytes> PhoneAppState::moved_outside(base::ByteView bytes) const {
  whatsapp::proto::SyncdPatch patch;
  if (!patch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(ErrorCode::kMalformed, "no patch");
  whatsapp::proto::SyncdMutations mutations;
  mutations.mutable_mutations()->Swap(patch.mutable_mutations());
  FileReference file{.kind = whatsapp::media::MediaKind::kAppState};
  WA_TRY_VOID(publish_file(world_.server().state().media, bytes_of(mutations), "mmg.whatsapp.net",
                           whatsapp::media::MediaKey{world_.random().bytes<32>()}, file));
  auto& reference = *patch.mutable_external_mutations();
  reference.set_media_key(base::to_string(file.media_key));
  reference.set_direct_path(file.direct_path);
  reference.set_file_size_bytes(file.length);
  reference.set_file_sha256(base::to_string(file.file_sha256));
  reference.set_file_enc_sha256(base::to_string(file.file_enc_sha256));
  return bytes_of(patch);
}

Result<std::uint64_t> PhoneAppState::remove_nothing(app_state::Collection name, const std::string& jid) {
  app_state::Mutation removal;
  removal.operation = app_state::Operation::kRemove;
  removal.index = {"contact", jid};
  removal.version = 2;
  return change({name, {std::move(removal)}});
}

base::Bytes PhoneAppState::key_share() const {
  Share share;
  for (const app_state::SyncKey& key : keys_) share.add(key, account_);
  return share.finish();
}

base::Bytes PhoneAppState::key_share(std::span<const app_state::KeyId> wanted) const {
  Share share;
  for (const app_state::KeyId& id : wanted) {
    const auto key = std::ranges::find(keys_, id, &app_state::SyncKey::id);
    if (key == keys_.end()) {
      share.add_orphan(id);
    } else {
      share.add(*key, account_);
    }
  }
  return share.finish();
}

base::Bytes PhoneAppState::orphan_share(std::span<const app_state::KeyId> wanted) {
  Share share;
  for (const app_state::KeyId& id : wanted) share.add_orphan(id);
  return share.finish();
}

Result<base::Bytes> PhoneAppState::plain_copy(app_state::Collection name) const {
  const StoredCollection& now = stored(name);
  whatsapp::proto::SyncdSnapshotRecovery copy;
  copy.mutable_version()->set_version(now.state.version);
  copy.set_collection_name(std::string{app_state::to_string(name)});
  copy.set_collection_lthash(base::to_string(now.state.hash.bytes()));
  for (const auto& [index, bytes] : now.records) {
    whatsapp::proto::SyncdRecord wire;
    if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) continue;
    WA_TRY(const app_state::Record record, app_state::read_record(wire));
    const auto opened = app_state::open(record, app_state::Operation::kSet, ring_);
    if (!opened || !*opened) continue;
    auto& plain = *copy.add_mutation_records();
    plain.mutable_value()->set_index(app_state::to_json((*opened)->index));
    plain.mutable_value()->add_value(base::to_string((*opened)->value));
    plain.mutable_value()->set_version((*opened)->version);
    plain.set_key_id(base::to_string(record.key_id));
    plain.set_mac(base::to_string(app_state::value_mac_of(record)));
  }
  return bytes_of(copy);
}

void PhoneAppState::review(const Device& from, app_state::Collection name, const StoredCollection& before,
                           base::ByteView bytes) {
  const std::string device = from.account.pn(from.id).to_string();
  ServerState& state = world_.server().state();
  auto patch = app_state::read_patch(bytes);
  if (!patch) {
    state.report(device, "bad_app_state_patch", patch.error().message);
    return;
  }
  const auto applied = app_state::apply_patch(name, before.state, before.values, *patch, ring_);
  if (!applied) {
    state.report(device, "bad_app_state_patch", applied.error().message);
    return;
  }
  if (applied->state.trust == app_state::Trust::kTainted)
    state.report(device, "bad_app_state_patch", "snapshot MAC is wrong");
  for (const app_state::Mutation& mutation : applied->mutations) {
    changes_.push_back({device, name, applied->state.version, mutation});
    if (changes_.size() > kKeptChanges) changes_.pop_front();
  }
}

}  // namespace simulator
