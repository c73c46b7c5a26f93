// App state as a client sees it: iqs in, patches and snapshots out, applied with the phone's keys.
#include "simulator/app_state/collection_desk.h"

#include <doctest/doctest.h>

#include "../recorder.h"
#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "simulator/app_state/phone_app_state.h"
#include "simulator/media/file_transfer.h"
#include "simulator/phone/phone_desk.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/build_patch.h"
#include "whatsapp/app_state/recovery.h"
#include "whatsapp/app_state/snapshot.h"
#include "whatsapp/app_state/sync_action.h"

namespace simulator {
namespace {

using app_state::Collection;

/// A linked companion with the keys of its phone, and its own idea of one collection.
struct Client {
  explicit Client(Desk& desk_) : desk(desk_), phone(desk.phone()), companion(desk) {
    companion.link(phone);
    whatsapp::proto::Message share;
    const base::Bytes bytes = phone.desk().app_state().key_share();
    REQUIRE(share.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    for (const auto& key : share.protocol_message().app_state_sync_key_share().keys()) {
      auto read = app_state::read_sync_key(base::as_bytes(key.key_id().key_id()),
                                           base::as_bytes(key.key_data().SerializeAsString()));
      REQUIRE(read);
      ring.add(**read);
    }
  }

  std::uint64_t change(const app_state::MutationSet& set,
                       PhoneAppState::Place place = PhoneAppState::Place::kInline) {
    const auto version = phone.desk().app_state().change(set, place);
    REQUIRE(version);
    desk.settle();
    return *version;
  }

  /// The answer's <collection>, or null.
  const Node* ask(Node collection) {
    const std::string id = "sync-" + std::to_string(++asked);
    companion.say(Node("iq")
                      .with("id", id)
                      .with("to", Jid::service())
                      .with("type", "set")
                      .with("xmlns", "w:sync:app:state")
                      .add(Node("sync").add(std::move(collection))));
    const Node* answer = companion.wire().answer(id);
    REQUIRE(answer != nullptr);
    return answer->child("sync")->child("collection");
  }
  const Node* fetch(std::uint64_t version, const char* snapshot = "false", const char* name = "regular_low") {
    return ask(Node("collection")
                   .with("name", name)
                   .with("version", std::to_string(version))
                   .with("return_snapshot", snapshot));
  }
  static std::vector<app_state::Patch> patches_in(const Node& collection) {
    std::vector<app_state::Patch> patches;
    if (const Node* list = collection.child("patches")) {
      for (const Node* patch : list->children("patch")) {
        auto read = app_state::read_patch(patch->bytes());
        REQUIRE(read);
        patches.push_back(*std::move(read));
      }
    }
    return patches;
  }
  app_state::RoundResult apply(const Node& collection) {
    auto patches = patches_in(collection);
    for (app_state::Patch& patch : patches) {
      if (patch.external) REQUIRE(app_state::add_external(patch, download(*patch.external)));
    }
    app_state::CollectionState empty;
    empty.initialized = true;
    return app_state::apply_patches(Collection::kRegularLow, empty, {}, patches, ring);
  }
  base::Bytes download(const app_state::BlobReference& blob) {
    const FileReference file{.kind = whatsapp::media::MediaKind::kAppState,
                             .direct_path = blob.direct_path,
                             .media_key = base::to_bytes(blob.media_key),
                             .file_sha256 = blob.file_sha256,
                             .file_enc_sha256 = blob.file_enc_sha256};
    auto bytes = fetch_bytes(desk.core().state().media, file);
    REQUIRE(bytes);
    return *std::move(bytes);
  }

  Desk& desk;
  SimulatedPhone& phone;
  Companion companion;
  app_state::KeyRing ring;
  int asked = 0;
};

app_state::MutationSet pin(const std::string& chat) {
  return app_state::make(app_state::ChatPinned{chat, true}, 1'700'000'000'000);
}

TEST_CASE("what the phone changes is told to its companion, fetched and proven") {
  Desk desk;
  Client client(desk);
  CHECK(client.fetch(0)->child("patches") == nullptr);
  CHECK(client.change(pin("1@s.whatsapp.net")) == 1);
  const Node* told = client.companion.wire().last("notification");
  CHECK(told->attr_is("type", "server_sync"));
  CHECK(told->child("collection")->attr_is("name", "regular_low"));
  CHECK(client.change(pin("2@s.whatsapp.net"), PhoneAppState::Place::kExternal) == 2);

  const auto round = client.apply(*client.fetch(0));
  CHECK_FALSE(round.stop);
  CHECK(round.patches == 2);
  CHECK(round.applied.state.trust == app_state::Trust::kVerified);
  const auto& stored = desk.core().collections().collection(client.phone.account(), Collection::kRegularLow);
  CHECK(round.applied.state.hash == stored.state.hash);
}

TEST_CASE("patches come in pages") {
  Desk desk;
  Client client(desk);
  for (int i = 0; i < 5; ++i) client.change(pin(std::to_string(i) + "@s.whatsapp.net"));
  desk.core().collections().set_page(2);
  const Node* first = client.fetch(0);
  CHECK(first->attr_is("has_more_patches", "true"));
  CHECK(Client::patches_in(*first).size() == 2);
  const Node* last = client.fetch(4);
  CHECK_FALSE(last->has_attr("has_more_patches"));
  CHECK(Client::patches_in(*last).front().version == 5);
}

TEST_CASE("a snapshot is a file that proves the whole collection") {
  Desk desk;
  Client client(desk);
  client.change(pin("1@s.whatsapp.net"));
  client.change(pin("2@s.whatsapp.net"));
  client.change(app_state::make(app_state::ChatPinned{"1@s.whatsapp.net", false}, 1'700'000'000'000));
  const Node* snapshot = client.fetch(0, "true")->child("snapshot");
  REQUIRE(snapshot != nullptr);
  const base::Bytes file = client.download(*app_state::read_blob_reference(snapshot->bytes()));
  const auto read = app_state::read_snapshot(file);
  REQUIRE(read);
  std::size_t entries = 0;
  const auto state =
      app_state::apply_snapshot(Collection::kRegularLow, {}, *read, client.ring, [&](auto&&) { ++entries; });
  REQUIRE(state);
  CHECK(state->version == 3);
  CHECK(state->trust == app_state::Trust::kVerified);
  CHECK(entries == 4);
}

TEST_CASE("a companion's patch is stored, read by the phone, and refused when it comes too late") {
  Desk desk;
  Client client(desk);
  client.change(pin("1@s.whatsapp.net"));
  const auto round = client.apply(*client.fetch(0));
  app_state::ValueMacs known;
  for (const auto& [index, value] : round.applied.entries) known[index] = *value;
  const auto built = app_state::build_patch(
      Collection::kRegularLow, round.applied.state, known,
      app_state::make(app_state::ChatArchived{"9@s.whatsapp.net", true}, {}, 1).mutations, client.ring,
      *client.ring.active(), desk.world.random());
  REQUIRE(built);
  const auto send = [&](std::uint64_t version) {
    return client.ask(Node("collection")
                          .with("name", "regular_low")
                          .with("version", std::to_string(version))
                          .add(Node("patch").bytes(base::ByteView{built->bytes})));
  };
  const Node* late = send(0);
  CHECK(late->attr_is("type", "error"));
  CHECK(late->child("error")->attr_is("code", "409"));
  CHECK(Client::patches_in(*late).size() == 1);
  CHECK_FALSE(send(1)->attr_is("type", "error"));
  const auto& changes = client.phone.desk().app_state().changes();
  REQUIRE(changes.size() == 2);
  CHECK(changes.back().mutation.index == app_state::ActionIndex{"archive", "9@s.whatsapp.net"});
  CHECK(desk.core().state().violations.empty());
}

TEST_CASE("a companion's patch with a wrong hash is a violation") {
  Desk desk;
  Client client(desk);
  client.change(pin("1@s.whatsapp.net"));
  app_state::CollectionState wrong{.initialized = true, .version = 1, .hash = {}, .trust = {}};
  const auto built =
      app_state::build_patch(Collection::kRegularLow, wrong, {}, pin("2@s.whatsapp.net").mutations,
                             client.ring, *client.ring.active(), desk.world.random());
  client.ask(Node("collection")
                 .with("name", "regular_low")
                 .with("version", "1")
                 .add(Node("patch").bytes(base::ByteView{built->bytes})));
  REQUIRE(desk.core().state().violations.size() == 1);
  CHECK(desk.core().state().violations.front().what == "bad_app_state_patch");
}

TEST_CASE("each fault shows as what it is, and only as often as it was armed") {
  using Kind = CollectionFault::Kind;
  using app_state::RejectReason;
  const std::vector<std::pair<Kind, RejectReason>> rejected{
      {Kind::kPatchMac, RejectReason::kPatchMac},     {Kind::kValueMac, RejectReason::kPatchMac},
      {Kind::kIndexMac, RejectReason::kIndexMac},     {Kind::kSnapshotMac, RejectReason::kPatchMac},
      {Kind::kUnknownKey, RejectReason::kUnknownKey}, {Kind::kExitCode, RejectReason::kTerminal},
      {Kind::kGap, RejectReason::kVersionGap},
  };
  for (const auto& [kind, reason] : rejected) {
    CAPTURE(static_cast<int>(kind));
    Desk desk;
    Client client(desk);
    client.change(pin("1@s.whatsapp.net"));
    client.change(pin("2@s.whatsapp.net"));
    desk.core().collections().arm({.kind = kind});
    const auto round = client.apply(*client.fetch(0));
    REQUIRE(round.stop);
    CHECK(round.stop->reason == reason);
    CHECK_FALSE(client.apply(*client.fetch(0)).stop);
  }
}

TEST_CASE("a wrong snapshot MAC of the phone's taints, until its next patch") {
  Desk desk;
  Client client(desk);
  PhoneAppState& phone = client.phone.desk().app_state();
  REQUIRE(phone.change(pin("1@s.whatsapp.net"), PhoneAppState::Place::kInline,
                       PhoneAppState::SnapshotMac::kWrong));
  const auto round = client.apply(*client.fetch(0));
  CHECK_FALSE(round.stop);
  CHECK(round.applied.state.trust == app_state::Trust::kTainted);
  client.change(pin("2@s.whatsapp.net"));
  CHECK(client.apply(*client.fetch(0)).applied.state.trust == app_state::Trust::kVerified);
}

TEST_CASE("faults that are no rejects: errors, omissions, repeats, snapshots out of place") {
  using Kind = CollectionFault::Kind;
  Desk desk;
  Client client(desk);
  client.change(pin("1@s.whatsapp.net"));
  CollectionDesk& collections = desk.core().collections();
  collections.arm({.kind = Kind::kError, .collection = "regular_low", .code = 404});
  CHECK(client.fetch(0)->child("error")->attr_is("code", "404"));
  collections.arm({.kind = Kind::kOmit});
  CHECK(client.fetch(0) == nullptr);
  collections.arm({.kind = Kind::kDuplicate});
  CHECK(Client::patches_in(*client.fetch(0)).size() == 2);
  collections.arm({.kind = Kind::kNoVersion});
  CHECK_FALSE(Client::patches_in(*client.fetch(0)).front().version);
  collections.arm({.kind = Kind::kUnaskedSnapshot});
  CHECK(client.fetch(0)->child("snapshot") != nullptr);
  CHECK(client.fetch(0, "false", "no_such")->child("error")->attr_is("code", "404"));
}

TEST_CASE("the phone's plain copy is the collection as it is") {
  Desk desk;
  Client client(desk);
  client.change(pin("1@s.whatsapp.net"));
  const auto copy = client.phone.desk().app_state().plain_copy(Collection::kRegularLow);
  REQUIRE(copy);
  const auto recovered = app_state::read_recovery(Collection::kRegularLow, {}, *copy, client.ring);
  REQUIRE(recovered);
  const auto& stored = desk.core().collections().collection(client.phone.account(), Collection::kRegularLow);
  CHECK(recovered->state.hash == stored.state.hash);
  CHECK(recovered->entries == stored.values);
  CHECK(recovered->mutations.size() == 2);
}

TEST_CASE("the phone's name is there before any companion") {
  Desk desk;
  SimulatedPhone& phone = desk.phone({.name = "Owner"});
  const auto& stored = desk.core().collections().collection(phone.account(), Collection::kCriticalBlock);
  CHECK(stored.state.version == 1);
}

}  // namespace
}  // namespace simulator
