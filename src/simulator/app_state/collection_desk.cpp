#include "simulator/app_state/collection_desk.h"

#include <algorithm>
#include <array>
#include <climits>

#include "proto/app_state.pb.h"
#include "simulator/media/file_transfer.h"
#include "whatsapp/app_state/record.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::media::MediaKind;
using Kind = CollectionFault::Kind;

bool parse(google::protobuf::MessageLite& out, base::ByteView bytes) {
  return bytes.size() <= INT_MAX && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

base::Bytes bytes_of(const google::protobuf::MessageLite& message) {
  return base::to_bytes(message.SerializeAsString());
}

Node error_answer(Node answer, int code) {
  return std::move(answer)
      .with("type", "error")
      .add(Node("error").with("code", code).with("text", code == 409 ? "conflict" : "error"));
}

/// The mutations of a patch, wherever they are: the key to an external file is in the patch.
Result<whatsapp::proto::SyncdMutations> mutations_of(MediaStore& media,
                                                     const whatsapp::proto::SyncdPatch& patch) {
  whatsapp::proto::SyncdMutations all;
  if (!patch.has_external_mutations()) {
    *all.mutable_mutations() = patch.mutations();
    return all;
  }
  const auto& blob = patch.external_mutations();
  const FileReference file{.kind = MediaKind::kAppState,
                           .direct_path = blob.direct_path(),
                           .media_key = base::to_bytes(blob.media_key()),
                           .file_sha256 = base::to_bytes(blob.file_sha256()),
                           .file_enc_sha256 = base::to_bytes(blob.file_enc_sha256())};
  WA_TRY(const base::Bytes bytes, fetch_bytes(media, file));
  if (!parse(all, bytes)) return fail(ErrorCode::kMalformed, "the external mutations do not parse");
  return all;
}

void set_record(StoredCollection& stored, const app_state::Record& record, base::Bytes bytes) {
  const app_state::ValueMac value = app_state::value_mac_of(record);
  if (const auto old = stored.values.find(record.index_mac); old != stored.values.end())
    stored.state.hash.subtract(old->second);
  stored.state.hash.add(value);
  stored.values[record.index_mac] = value;
  stored.records[record.index_mac] = std::move(bytes);
}

void remove_record(StoredCollection& stored, const app_state::IndexMac& index) {
  const auto old = stored.values.find(index);
  if (old == stored.values.end()) return;
  stored.state.hash.subtract(old->second);
  stored.values.erase(old);
  stored.records.erase(index);
}

}  // namespace

std::optional<Kind> collection_fault_kind(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, Kind>, 14> kWords{{
      {"error", Kind::kError},
      {"omit", Kind::kOmit},
      {"conflict", Kind::kConflict},
      {"value_mac", Kind::kValueMac},
      {"index_mac", Kind::kIndexMac},
      {"patch_mac", Kind::kPatchMac},
      {"snapshot_mac", Kind::kSnapshotMac},
      {"unknown_key", Kind::kUnknownKey},
      {"exit_code", Kind::kExitCode},
      {"gap", Kind::kGap},
      {"duplicate", Kind::kDuplicate},
      {"no_version", Kind::kNoVersion},
      {"snapshot_total", Kind::kSnapshotTotal},
      {"unasked_snapshot", Kind::kUnaskedSnapshot},
  }};
  const auto* found = std::ranges::find(kWords, word, &std::pair<std::string_view, Kind>::first);
  return found == kWords.end() ? std::nullopt : std::optional{found->second};
}

bool CollectionDesk::take(Kind kind, const std::string& name, int* code) {
  const auto fault = std::ranges::find_if(faults_, [&](const CollectionFault& armed) {
    return armed.kind == kind && (armed.collection.empty() || armed.collection == name);
  });
  if (fault == faults_.end()) return false;
  if (code != nullptr) *code = fault->code;
  if (fault->count > 0 && --fault->count == 0) faults_.erase(fault);
  return true;
}

Result<Node::Children> CollectionDesk::answer(Device& device, const Node& iq) {
  const Node* sync = iq.child("sync");
  if (sync == nullptr) return fail(ErrorCode::kRejected, "bad-request", 400);
  Node answer("sync");
  for (const Node* request : sync->children("collection")) {
    if (take(Kind::kOmit, request->attr("name").value_or(""))) continue;
    answer.add_child(answer_one(device, *request));
  }
  return Node::Children{std::move(answer)};
}

Node CollectionDesk::answer_one(Device& device, const Node& request) {
  const std::string text = request.attr("name").value_or("");
  Node answer = Node("collection").with("name", text);
  int code = 0;
  if (take(Kind::kError, text, &code)) return error_answer(std::move(answer), code);
  const auto name = app_state::collection_from(text);
  if (!name) return error_answer(std::move(answer), 404);
  if (request.child("patch") != nullptr) return take_patch(device, request, *name, std::move(answer));

  StoredCollection& stored = collection(device.account, *name);
  const auto since =
      static_cast<std::uint64_t>(std::max<std::int64_t>(request.number("version").value_or(0), 0));
  answer.set("version", std::to_string(stored.state.version));
  const bool asked = request.attr_is("return_snapshot", "true");
  if ((asked && !stored.records.empty()) || take(Kind::kUnaskedSnapshot, text)) {
    add_snapshot(text, stored, answer);
  } else {
    add_patches(text, stored, asked ? 0 : since, answer);
  }
  return answer;
}

Node CollectionDesk::take_patch(Device& device, const Node& request, app_state::Collection name,
                                Node answer) {
  const std::string text{app_state::to_string(name)};
  StoredCollection& stored = collection(device.account, name);
  const auto based_on =
      static_cast<std::uint64_t>(std::max<std::int64_t>(request.number("version").value_or(0), 0));
  const base::ByteView patch = request.child("patch")->bytes();
  const bool refused = take(Kind::kConflict, text);
  if (!refused && based_on == stored.state.version) on_patch(device, name, stored, patch);
  const auto version =
      refused ? fail(ErrorCode::kConflict, "injected") : submit(device, name, based_on, patch);
  answer.set("version", std::to_string(stored.state.version));
  if (version) return std::move(answer).with("type", "result");
  if (version.error().code != ErrorCode::kConflict) return error_answer(std::move(answer), 400);
  answer = error_answer(std::move(answer), 409);
  add_patches(text, stored, based_on, answer);
  return answer;
}

void CollectionDesk::add_patches(const std::string& name, const StoredCollection& stored, std::uint64_t since,
                                 Node& answer) {
  Node patches("patches");
  std::size_t count = 0;
  bool gap = take(Kind::kGap, name);
  const bool twice = take(Kind::kDuplicate, name);
  for (const StoredPatch& patch : stored.patches) {
    if (patch.version <= since) continue;
    if (count == page_) {
      answer.set("has_more_patches", std::string{"true"});
      break;
    }
    ++count;
    if (std::exchange(gap, false)) continue;
    const base::Bytes bytes = damaged(name, patch.bytes);
    for (int i = 0; i < (twice ? 2 : 1); ++i) patches.add_child(Node("patch").bytes(base::ByteView{bytes}));
  }
  if (count > 0) answer.add_child(std::move(patches));
}

/// A patch as it is served, faults included.
base::Bytes CollectionDesk::damaged(const std::string& name, base::Bytes bytes) {
  const auto armed_for = [&](const CollectionFault& fault) {
    return fault.collection.empty() || fault.collection == name;
  };
  if (std::ranges::none_of(faults_, armed_for)) return bytes;
  whatsapp::proto::SyncdPatch patch;
  if (!parse(patch, bytes)) return bytes;
  const auto flip = [](std::string* text, std::size_t at) {
    if (at < text->size()) (*text)[at] = static_cast<char>((*text)[at] ^ 0x01);
  };
  int code = 0;
  if (patch.mutations_size() > 0) {
    auto& record = *patch.mutable_mutations(0)->mutable_record();
    auto* value = record.mutable_value()->mutable_blob();
    if (take(Kind::kValueMac, name)) flip(value, value->size() - 1);
    if (take(Kind::kIndexMac, name)) flip(record.mutable_index()->mutable_blob(), 0);
  }
  if (take(Kind::kPatchMac, name)) flip(patch.mutable_patch_mac(), 0);
  if (take(Kind::kSnapshotMac, name)) flip(patch.mutable_snapshot_mac(), 0);
  if (take(Kind::kUnknownKey, name)) flip(patch.mutable_key_id()->mutable_id(), 0);
  if (take(Kind::kExitCode, name, &code))
    patch.mutable_exit_code()->set_code(static_cast<std::uint64_t>(code));
  if (take(Kind::kNoVersion, name)) patch.clear_version();
  return bytes_of(patch);
}

void CollectionDesk::add_snapshot(const std::string& name, StoredCollection& stored, Node& answer) {
  auto reference = snapshot_reference(stored, take(Kind::kSnapshotTotal, name));
  if (reference) answer.add_child(Node("snapshot").bytes(base::ByteView{*reference}));
}

/// All records in a file on the media hosts. The MAC is that of the newest patch: both prove the same.
Result<base::Bytes> CollectionDesk::snapshot_reference(StoredCollection& stored, bool wrong_mac) {
  if (stored.snapshot && stored.snapshot->version == stored.state.version && !wrong_mac)
    return stored.snapshot->reference;
  whatsapp::proto::SyncdSnapshot snapshot;
  snapshot.mutable_version()->set_version(stored.state.version);
  for (const auto& [index, record] : stored.records) {
    if (!parse(*snapshot.add_records(), record)) return fail(ErrorCode::kCorrupt, "a record is damaged");
  }
  base::Bytes mac = stored.mac;
  if (wrong_mac && !mac.empty()) mac.front() ^= 0x01;
  snapshot.set_mac(base::to_string(mac));
  snapshot.mutable_key_id()->set_id(base::to_string(stored.key_id));
  FileReference file{.kind = MediaKind::kAppState};
  WA_TRY_VOID(publish_file(state_.media, bytes_of(snapshot), "mmg.whatsapp.net",
                           whatsapp::media::MediaKey{state_.random.bytes<32>()}, file));
  whatsapp::proto::ExternalBlobReference reference;
  reference.set_media_key(base::to_string(file.media_key));
  reference.set_direct_path(file.direct_path);
  reference.set_file_size_bytes(file.length);
  reference.set_file_sha256(base::to_string(file.file_sha256));
  reference.set_file_enc_sha256(base::to_string(file.file_enc_sha256));
  base::Bytes bytes = bytes_of(reference);
  if (!wrong_mac) stored.snapshot = StoredCollection::Blob{stored.state.version, bytes};
  return bytes;
}

Result<std::uint64_t> CollectionDesk::submit(Device& from, app_state::Collection name, std::uint64_t based_on,
                                             base::ByteView bytes) {
  StoredCollection& stored = collection(from.account, name);
  if (based_on != stored.state.version) return fail(ErrorCode::kConflict, "another version");
  whatsapp::proto::SyncdPatch patch;
  if (!parse(patch, bytes) || patch.has_version()) return fail(ErrorCode::kMalformed, "no patch");
  WA_TRY(const auto mutations, mutations_of(state_.media, patch));
  std::vector<std::pair<int, app_state::Record>> records;
  for (const auto& mutation : mutations.mutations()) {
    WA_TRY(app_state::Record record, app_state::read_record(mutation.record()));
    records.emplace_back(mutation.operation(), std::move(record));
  }
  if (records.empty()) return fail(ErrorCode::kMalformed, "a patch without mutations");
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].first == 0) {
      set_record(stored, records[i].second, bytes_of(mutations.mutations(static_cast<int>(i)).record()));
    } else {
      remove_record(stored, records[i].second.index_mac);
    }
  }
  const std::uint64_t version = ++stored.state.version;
  patch.mutable_version()->set_version(version);
  stored.patches.push_back({version, bytes_of(patch)});
  stored.mac = base::to_bytes(patch.snapshot_mac());
  stored.key_id = base::to_bytes(patch.key_id().id());
  for (const auto& [id, device] : from.account.devices) {
    if (device.get() != &from) tell(*device, name);
  }
  state_.changed();
  return version;
}

void CollectionDesk::tell(Device& device, app_state::Collection name) {
  delivery_.deliver(device, Node("notification")
                                .with("id", state_.next_id())
                                .with("type", "server_sync")
                                .with("from", Jid::service())
                                .with("t", state_.now())
                                .add(Node("collection")
                                         .with("name", app_state::to_string(name))
                                         .with("version", collection(device.account, name).state.version)));
}

}  // namespace simulator
