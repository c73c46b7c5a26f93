// appstate.json: collections from their first patch on, by other implementations. Every patch must apply,
// give the listed hash and entries, and come out the same when written with the listed IVs; every snapshot
// must give the state that the patches gave; every reject must leave the collection as it was.
#include <map>

#include "proto/app_state.pb.h"
#include "vector_check/appstate_actions.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/snapshot.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::app_state;

Collection collection_at(const json& entry) {
  const auto found = collection_from(text(entry, "collection"));
  if (!found) throw std::runtime_error("unknown collection");
  return *found;
}

KeyRing ring_of(const json& file) {
  KeyRing ring;
  if (present(file, "keys"))
    for (const json& key : file.at("keys"))
      ring.add({hex_bytes(key, "key_id"), base::Secret<32>{fixed_hex<32>(key, "key_data")}, 0});
  return ring;
}

void check_key(const json& entry, Case& check) {
  const MutationKeys keys = expand(base::Secret<32>{fixed_hex<32>(entry, "key_data")});
  const json& derived = entry.at("derived");
  check.expect_equal(keys.index.view(), hex_bytes(derived, "index"), "index key");
  check.expect_equal(keys.value_encryption.view(), hex_bytes(derived, "value_enc"), "value encryption key");
  check.expect_equal(keys.value_mac.view(), hex_bytes(derived, "value_mac"), "value MAC key");
  check.expect_equal(keys.snapshot_mac.view(), hex_bytes(derived, "snapshot_mac"), "snapshot MAC key");
  check.expect_equal(keys.patch_mac.view(), hex_bytes(derived, "patch_mac"), "patch MAC key");
}

void check_hash(const json& entry, Case& check) {
  LtHash hash{fixed_hex<128>(entry, "base")};
  for (const json& value : entry.at("subtract")) hash.subtract(base::to_fixed<32>(hex_bytes(value)));
  for (const json& value : entry.at("add")) hash.add(base::to_fixed<32>(hex_bytes(value)));
  check.expect_equal(hash.bytes(), hex_bytes(entry, "result"), "hash");
}

std::vector<std::string> index_at(const json& entry) {
  const json& index = entry.at("index");
  if (index.is_array()) return index.get<std::vector<std::string>>();
  return json::parse(index.get<std::string>()).get<std::vector<std::string>>();
}

Operation operation_at(const json& mutation) {
  const std::string operation = text(mutation, "operation");
  if (operation != "set" && operation != "remove") throw std::runtime_error("unknown operation");
  return operation == "set" ? Operation::kSet : Operation::kRemove;
}

whatsapp::proto::SyncActionData data_at(const json& mutation) {
  const Bytes bytes = hex_bytes(mutation, "sync_action_data");
  whatsapp::proto::SyncActionData data;
  if (!data.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw std::runtime_error("sync_action_data does not decode");
  return data;
}

Bytes value_of(const whatsapp::proto::SyncActionData& data) {
  Bytes out;
  for (const std::string& part : data.value()) base::append(out, base::as_bytes(part));
  return out;
}

/// The hash by the listed values alone.
void check_hash_steps(const json& entry, Case& check) {
  LtHash hash{fixed_hex<128>(entry, "lthash_before")};
  if (!present(entry, "lthash_subtract") || !present(entry, "lthash_add")) return;
  for (const json& value : entry.at("lthash_subtract")) hash.subtract(base::to_fixed<32>(hex_bytes(value)));
  for (const json& value : entry.at("lthash_add")) hash.add(base::to_fixed<32>(hex_bytes(value)));
  check.expect_equal(hash.bytes(), hex_bytes(entry, "lthash_after"), "hash of the listed values");
}

void check_record(const json& expected, const PatchMutation& mutation, const KeyRing& ring, Case& check) {
  const Record& record = mutation.record;
  check.expect(mutation.operation == operation_at(expected), "operation");
  check.expect_equal(record.key_id, hex_bytes(expected, "key_id"), "key id of a record");
  check.expect_equal(record.index_mac, hex_bytes(expected, "index_mac"), "index MAC");
  check.expect_equal(value_mac_of(record), hex_bytes(expected, "value_mac"), "value MAC");
  check.expect_equal(record.blob, hex_bytes(expected, "value_blob"), "value blob");

  const auto opened = open(record, mutation.operation, ring);
  check.expect(opened && *opened, "record does not open");
  if (!opened || !*opened) return;
  const Mutation& read = **opened;
  check.expect(read.index == index_at(expected), "index");
  check.expect_equal(to_json(read.index), text(expected, "index_json"), "index text");
  check.expect(read.version == expected.at("action_version").get<std::int32_t>(), "action version");
  const auto data = data_at(expected);
  check.expect_equal(read.value, value_of(data), "value");
  check.expect_equal(to_json(read.index), data.index(), "index in the data");
  check.expect(read.version == data.version(), "version in the data");
  if (present(expected, "value")) check_action(expected.at("value"), read, check);

  // What removes an entry is written without a value by us, which other implementations may do otherwise.
  if (mutation.operation == Operation::kRemove && data.value_size() > 0) return;
  const Record again = seal(read, *ring.find(record.key_id), record.key_id, fixed_hex<16>(expected, "iv"));
  check.expect_equal(again.blob, record.blob, "value blob written by us");
  check.expect_equal(again.index_mac, record.index_mac, "index MAC written by us");
}

/// A collection as our code keeps it.
struct Kept {
  Collection collection;
  CollectionState state;
  ValueMacs entries;

  void take(const Applied& applied) {
    state = applied.state;
    for (const auto& [index, value] : applied.entries) {
      if (value)
        entries[index] = *value;
      else
        entries.erase(index);
    }
  }
};

std::expected<Applied, Reject> read_and_apply(const Kept& kept, const Bytes& bytes, const KeyRing& ring) {
  const auto patch = read_patch(bytes);
  if (!patch) return std::unexpected(Reject{RejectReason::kMalformed, patch.error().message, {}});
  return apply_patch(kept.collection, kept.state, kept.entries, *patch, ring);
}

void check_patch(const json& entry, Kept& kept, const KeyRing& ring, Case& check) {
  check.expect_equal(kept.state.hash.bytes(), hex_bytes(entry, "lthash_before"), "hash before");
  check_hash_steps(entry, check);
  if (present(entry, "collection"))
    check.expect(collection_at(entry) == kept.collection, "collection of the patch");
  const auto patch = read_patch(hex_bytes(entry, "patch"));
  check.expect_success(patch, "reading the patch");
  if (!patch) return;
  check.expect_equal(patch->snapshot_mac, hex_bytes(entry, "snapshot_mac"), "snapshot MAC");
  check.expect_equal(patch->patch_mac, hex_bytes(entry, "patch_mac"), "patch MAC");
  if (present(entry, "key_id")) check.expect_equal(patch->key_id, hex_bytes(entry, "key_id"), "key id");
  if (present(entry, "mutations")) {
    const json& mutations = entry.at("mutations");
    check.expect(mutations.size() == patch->mutations.size(), "number of mutations");
    for (std::size_t i = 0; i < mutations.size() && i < patch->mutations.size(); ++i)
      check_record(mutations.at(i), patch->mutations[i], ring, check);
  }
  const auto applied = apply_patch(kept.collection, kept.state, kept.entries, *patch, ring);
  if (!applied) return check.expect(false, "applying the patch: " + applied.error().message);
  check.expect(applied->state.trust == Trust::kVerified, "snapshot MAC does not match");
  check.expect(applied->state.version == entry.at("version").get<std::uint64_t>(), "version");
  check.expect_equal(applied->state.hash.bytes(), hex_bytes(entry, "lthash_after"), "hash after");
  kept.take(*applied);
}

void check_single_index(const json& entry, Kept& kept, const KeyRing& ring, Case& check) {
  const auto applied = read_and_apply(kept, hex_bytes(entry, "patch"), ring);
  if (applied && present(entry, "index"))
    check.expect(applied->mutations.size() == 1 && applied->mutations[0].index == index_at(entry), "index");
  check_patch(entry, kept, ring, check);
}

void check_snapshot(const json& entry, const Kept& kept, const KeyRing& ring, Case& check) {
  if (present(entry, "collection"))
    check.expect(collection_at(entry) == kept.collection, "collection of the snapshot");
  const Bytes file = hex_bytes(entry, "snapshot");
  const auto snapshot = read_snapshot(file);
  check.expect_success(snapshot, "reading the snapshot");
  if (!snapshot) return;
  check.expect_equal(snapshot->mac, hex_bytes(entry, "mac"), "MAC of the snapshot");
  check.expect_equal(snapshot->key_id, hex_bytes(entry, "key_id"), "key id of the snapshot");

  std::vector<SnapshotEntry> read;
  const auto state = apply_snapshot(kept.collection, {}, *snapshot, ring,
                                    [&](SnapshotEntry one) { read.push_back(std::move(one)); });
  if (!state) return check.expect(false, "applying the snapshot: " + state.error().message);
  check.expect(state->trust == Trust::kVerified, "MAC does not match");
  check.expect(state->version == entry.at("version").get<std::uint64_t>(), "version");
  check.expect_equal(state->hash.bytes(), hex_bytes(entry, "lthash"), "hash");
  check.expect(*state == kept.state, "state differs from the one that the patches gave");

  ValueMacs entries;
  for (const SnapshotEntry& one : read) entries[one.index_mac] = one.value_mac;
  check.expect(entries == kept.entries, "entries differ from those that the patches gave");
  const json& records = entry.at("records");
  check.expect(records.size() == read.size(), "number of records");
  for (std::size_t i = 0; i < records.size() && i < read.size(); ++i) {
    const json& record = records.at(i);
    check.expect_equal(read[i].index_mac, hex_bytes(record, "index_mac"), "index MAC of a record");
    check.expect_equal(read[i].value_mac, hex_bytes(record, "value_mac"), "value MAC of a record");
    check.expect(read[i].mutation && read[i].mutation->index == index_at(record), "index of a record");
    if (!read[i].mutation) continue;
    check.expect(read[i].mutation->version == record.at("action_version").get<std::int32_t>(),
                 "action version of a record");
    check_action(record.at("value"), *read[i].mutation, check);
  }
}

void check_final(const json& expected, const Kept& kept, Case& check) {
  check.expect(kept.state.version == expected.at("version").get<std::uint64_t>(), "version");
  check.expect_equal(kept.state.hash.bytes(), hex_bytes(expected, "lthash"), "hash");
  ValueMacs entries;
  for (const auto& [index, value] : expected.at("index_value_map").items())
    entries[base::to_fixed<32>(hex_bytes(json(index)))] = base::to_fixed<32>(hex_bytes(value));
  check.expect(kept.entries == entries, "entries");
}

void run_scenario(const std::string& name, const json& entry, const KeyRing& ring, Report& report) {
  Kept kept{collection_at(entry), {}, {}};
  std::size_t applied = 0;
  const auto run_snapshots = [&] {
    for_each_case(entry, "snapshots_after_patch", [&](const std::string& snapshot, const json& one) {
      if (one.at("after_patch").get<std::size_t>() != applied) return;
      report.run(name + " " + snapshot, [&](Case& check) { check_snapshot(one, kept, ring, check); });
    });
  };
  for_each_case(entry, "patches", [&](const std::string& patch, const json& one) {
    report.run(name + " " + patch, [&](Case& check) { check_patch(one, kept, ring, check); });
    ++applied;
    run_snapshots();
  });
  if (present(entry, "final"))
    report.run(name + " final", [&](Case& check) { check_final(entry.at("final"), kept, check); });
}

/// A state whose hash is not proven is not taken for an accepted patch either: the client would not go on
/// with it, but fetch everything anew.
void check_reject(const json& rejects, const json& item, const KeyRing& ring, Case& check) {
  Kept kept{collection_at(rejects), {}, {}};
  kept.state.version = rejects.value("initial_version", std::uint64_t{0});
  if (present(item, "snapshot") && !present(item, "patch")) {
    const Bytes file = hex_bytes(item, "snapshot");
    const auto snapshot = read_snapshot(file);
    if (!snapshot) return;
    const auto state = apply_snapshot(kept.collection, {}, *snapshot, ring, [](const SnapshotEntry&) {});
    return check.expect(!state || state->trust == Trust::kTainted, "was accepted");
  }
  const auto applied = read_and_apply(kept, hex_bytes(item, "patch"), ring);
  check.expect(!applied || applied->state.trust == Trust::kTainted, "was accepted");
}

}  // namespace

Outcome run_appstate(const json& file) {
  Report report;
  const KeyRing ring = ring_of(file);
  for_each_case(file, "keys", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_key(entry, check); });
  });
  for_each_case(file, "lthash", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_hash(entry, check); });
  });
  for_each_case(file, "scenarios",
                [&](const std::string& name, const json& entry) { run_scenario(name, entry, ring, report); });
  std::map<Collection, Kept> encoded;
  for_each_case(file, "baileys_encoder_patches", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) {
      const Collection collection = collection_at(entry);
      Kept& kept = encoded.try_emplace(collection, Kept{collection, {}, {}}).first->second;
      if (entry.at("version").get<std::uint64_t>() == 1) kept = {collection, {}, {}};
      check_single_index(entry, kept, ring, check);
    });
  });
  if (present(file, "rejects"))
    for_each_case(file.at("rejects"), "items", [&](const std::string& name, const json& item) {
      report.run("rejects " + name,
                 [&](Case& check) { check_reject(file.at("rejects"), item, ring, check); });
    });
  return report.take();
}

}  // namespace vector_check
