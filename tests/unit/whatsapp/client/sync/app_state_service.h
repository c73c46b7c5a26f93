// The service's part in app state, and the phone's: collections with their patches and snapshots, and a
// device that writes them. Answers the queries of a desk bench.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "unit/whatsapp/app_state/app_state_bench.h"
#include "unit/whatsapp/client/desk_bench.h"
#include "unit/whatsapp/client/stranger.h"
#include "whatsapp/app_state/make_action.h"

namespace whatsapp::test {

using app_state::Collection;

class AppStateService {
 public:
  explicit AppStateService(FakeServer& server) : server_(server) {
    for (const Collection collection : app_state::kCollections) {
      auto& device = stored[collection].device;
      device.collection = collection;
      device.state = {.initialized = true, .version = 0, .hash = {}, .trust = app_state::Trust::kVerified};
    }
    server_.on_query = [this](const Node& iq) { return answer(iq); };
  }

  struct Stored {
    app_state_bench::Device device;
    std::vector<base::Bytes> patches;  // with their versions, from 1
    std::map<app_state::IndexMac, std::string> records;
    std::string mac;
  };

  /// The phone does something.
  void change(const app_state::MutationSet& set) {
    Stored& here = stored[set.collection];
    keep(here, here.device.write(set.mutations));
  }

  /// A share of the keys with these epochs.
  static proto::Message share(std::initializer_list<std::uint8_t> epochs) {
    proto::Message message;
    auto& protocol = *message.mutable_protocol_message();
    protocol.set_type(proto::ProtocolMessage::APP_STATE_SYNC_KEY_SHARE);
    for (const std::uint8_t epoch : epochs) {
      const app_state::SyncKey key = app_state_bench::key(epoch);
      auto& shared = *protocol.mutable_app_state_sync_key_share()->add_keys();
      shared.mutable_key_id()->set_key_id(key.id.data(), key.id.size());
      shared.mutable_key_data()->set_key_data(key.data.view().data(), key.data.view().size());
      shared.mutable_key_data()->set_timestamp(epoch);
    }
    return message;
  }
  static Node server_sync(std::initializer_list<const char*> names) {
    static int number = 0;
    Node out = Node("notification")
                   .with("id", "sync" + std::to_string(++number))
                   .with("from", Jid::service())
                   .with("type", "server_sync")
                   .with("t", "1760000000");
    for (const char* name : names) out.add_child(Node("collection").with("name", name));
    return out;
  }

  std::optional<Node> answer(const Node& iq) {
    if (!iq.attr_is("xmlns", "w:sync:app:state")) return std::nullopt;
    ++queries;
    Node sync("sync");
    for (const Node* wanted : iq.child("sync")->children("collection")) {
      asked.push_back(*wanted->attr("name") + (wanted->attr_is("return_snapshot", "true") ? "!" : ""));
      Stored& here = stored[*app_state::collection_from(*wanted->attr("name"))];
      sync.add_child(answer_one(*wanted, here));
    }
    return Node("iq").with("type", "result").add(std::move(sync));
  }

  std::map<Collection, Stored> stored;
  int queries = 0;
  std::vector<std::string> asked;  // collections, "!" with snapshot
  std::function<void(Node& collection)> damage;
  std::function<void(base::Bytes& snapshot)> damage_snapshot;
  std::function<void()> before_patch;  // somebody else is faster

 private:
  Node answer_one(const Node& wanted, Stored& here) {
    const std::string name = *wanted.attr("name");
    Node out = Node("collection").with("name", std::string{name});
    auto since = static_cast<std::uint64_t>(wanted.number("version").value_or(0));
    if (wanted.child("patch") != nullptr) {
      if (before_patch) std::exchange(before_patch, nullptr)();
      if (since != here.device.state.version) {
        out.set("type", "error");
        out.add_child(Node("error").with("code", "409").with("text", "conflict"));
      } else {
        const auto applied = here.device.apply(base::to_bytes(wanted.child("patch")->bytes()));
        CHECK(applied.has_value());
        keep(here, base::to_bytes(wanted.child("patch")->bytes()));
        since = here.device.state.version;
      }
    } else if (wanted.attr_is("return_snapshot", "true") && !here.records.empty()) {
      out.add_child(Node("snapshot").text(snapshot(here, name)));
      since = here.device.state.version;
    }
    out.set("version", std::to_string(here.device.state.version));
    Node patches("patches");
    for (std::size_t i = since; i < here.patches.size(); ++i)
      patches.add_child(Node("patch").bytes(base::ByteView{here.patches[i]}));
    if (!patches.children().empty()) out.add_child(std::move(patches));
    if (damage) damage(out);
    return out;
  }

  void keep(Stored& here, const base::Bytes& bytes) {
    proto::SyncdPatch patch;
    REQUIRE(patch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    patch.mutable_version()->set_version(here.patches.size() + 1);
    for (const auto& mutation : patch.mutations()) {
      const auto index = base::to_fixed<32>(base::as_bytes(mutation.record().index().blob()));
      if (mutation.operation() == 0)
        here.records[index] = mutation.record().SerializeAsString();
      else
        here.records.erase(index);
    }
    here.mac = patch.snapshot_mac();
    here.patches.push_back(base::to_bytes(patch.SerializeAsString()));
  }

  std::string snapshot(Stored& here, const std::string& name) {
    proto::SyncdSnapshot snapshot;
    snapshot.mutable_version()->set_version(here.device.state.version);
    for (const auto& [index, record] : here.records) REQUIRE(snapshot.add_records()->ParseFromString(record));
    snapshot.set_mac(here.mac);
    const auto& key_id = *here.device.ring.active();
    snapshot.mutable_key_id()->set_id(key_id.data(), key_id.size());
    base::Bytes file = base::to_bytes(snapshot.SerializeAsString());
    if (damage_snapshot) damage_snapshot(file);
    server_.blobs.files["/" + name] = file;
    proto::ExternalBlobReference reference;
    reference.set_media_key(std::string(32, 'k'));
    reference.set_direct_path("/" + name);
    reference.set_file_sha256(std::string(32, 'p'));
    reference.set_file_enc_sha256(std::string(32, 'e'));
    return reference.SerializeAsString();
  }

  FakeServer& server_;
};

}  // namespace whatsapp::test
