// App state as the client lives it: what comes after the keys, what comes later, and what ends when it goes
// wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "proto/peer_data.pb.h"
#include "unit/whatsapp/client/sync/app_state_service.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/client/sync/chats.h"
#include "whatsapp/client/sync/collection_records.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;
using app_state::Trust;

namespace {

const char* const kBob = "15550002222@s.whatsapp.net";
constexpr std::int64_t kNowMs = 1'760'000'000'000;

struct Bench : DeskBench {
  Bench() : service(server), phone(alice, alice_phone.lid(), 6) {
    pass(5s);  // what follows the login is over
    service.queries = 0;
    service.asked.clear();
  }

  void share(std::initializer_list<std::uint8_t> epochs) {
    static int number = 0;
    const std::string id = "K" + std::to_string(++number);
    give(alice, as_peer(phone.says(id.c_str(), AppStateService::share(epochs))));
    settle();
  }
  app_state::CollectionState state(Collection collection) {
    return load_collection(*alice.memory, collection).value();
  }
  /// Protocol messages of a type that Alice sent to her phone.
  std::vector<proto::ProtocolMessage> asked_phone(std::int32_t type) {
    std::vector<proto::ProtocolMessage> out;
    std::set<std::string> ids;  // a message that the phone could not read is sent to it again
    for (const Node& stanza : alice.sent_with_tag("message")) {
      if (!stanza.attr_is("category", "peer") || !ids.insert(*stanza.attr("id")).second) continue;
      const auto row = alice.memory->sent_message(*stanza.attr("id")).value();
      proto::Message message;
      REQUIRE(row);
      REQUIRE(message.ParseFromArray(row->payload.data(), static_cast<int>(row->payload.size())));
      if (message.protocol_message().type() == type) out.push_back(message.protocol_message());
    }
    return out;
  }

  AppStateService service;
  Stranger phone;
};

}  // namespace

TEST_CASE("when the keys arrive all collections are read: contacts are kept, not told; our name is taken") {
  Bench bench;
  bench.service.change(app_state::make(app_state::Contact{.jid = kBob,
                                                          .full_name = "Bob B",
                                                          .first_name = "Bob",
                                                          .username = {},
                                                          .lid = "200000000000002@lid",
                                                          .pn = {}},
                                       kNowMs));
  bench.service.change(app_state::make(app_state::OwnPushName{"Alice's @Shop"}, kNowMs));
  bench.service.change(app_state::make(app_state::ChatMuted{kBob, app_state::MutedForever{}}, kNowMs));
  CHECK(bench.service.queries == 0);
  bench.share({1});

  CHECK(bench.service.queries == 1);
  CHECK(bench.service.asked.size() == 5);
  for (const Collection collection : app_state::kCollections) {
    CHECK(bench.state(collection).initialized);
    CHECK(bench.state(collection).trust == Trust::kVerified);
  }
  const auto bob = bench.run(bench.alice.desk->chats().contact(*Jid::parse(kBob)));
  CHECK(bob->full_name == "Bob B");
  CHECK(bob->in_address_book == true);
  CHECK(bench.run(bench.alice.desk->chats().facts(lid_jid("200000000000002")))->muted_until == -1);
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "200000000000002");
  CHECK(bench.alice.sink.told_of<ContactChange>().empty());
  CHECK(bench.alice.sink.told_of<ChatChange>().empty());
  REQUIRE(bench.alice.sink.told_of<AccountChange>().size() == 1);
  CHECK(bench.alice.sink.told_of<AccountChange>()[0].value == "Alice's Shop");
  CHECK(bench.alice.sent_with_tag("presence").back().attr("name") == "Alice's Shop");
}

TEST_CASE("what another device does later is told, in the words of the edge") {
  Bench bench;
  bench.share({1});
  bench.service.change(app_state::make(app_state::ChatArchived{kBob, true}, {}, kNowMs));
  bench.give(bench.alice, AppStateService::server_sync({"regular_low", "no_such_collection"}));
  const auto changes = bench.alice.sink.told_of<ChatChange>();
  REQUIRE(changes.size() == 2);  // archiving takes the pin away
  CHECK(changes[1].archived == true);
  CHECK(changes[1].chat.to_string() == kBob);
  CHECK(bench.service.asked.back() == "regular_low");
  CHECK(bench.alice.sent_with_tag("ack").size() == 1);
}

TEST_CASE("P2: a collection waits for its key, which is asked for once, and goes on when it comes") {
  Bench bench;
  bench.share({1});
  bench.service.stored[Collection::kRegularLow].device.ring.add(app_state_bench::key(2));
  bench.service.change(app_state::make(app_state::ChatPinned{kBob, true}, kNowMs));
  bench.give(bench.alice, AppStateService::server_sync({"regular_low"}));
  const auto asked = std::ranges::count(bench.service.asked, "regular_low");
  for (int i = 0; i < 5; ++i) bench.give(bench.alice, AppStateService::server_sync({"regular_low"}));
  bench.pass(2min);
  CHECK(std::ranges::count(bench.service.asked, "regular_low") == asked);
  CHECK(bench.asked_phone(proto::ProtocolMessage::APP_STATE_SYNC_KEY_REQUEST).size() == 1);

  bench.share({2});
  CHECK(bench.state(Collection::kRegularLow).version == 1);
  CHECK(bench.alice.sink.told_of<ChatChange>().size() == 2);
}

TEST_CASE("P1: a snapshot whose MAC does not match is used, the phone is asked once, and nothing loops") {
  Bench bench;
  bench.service.change(app_state::make(app_state::ChatPinned{kBob, true}, kNowMs));
  bench.service.damage_snapshot = [](base::Bytes& file) {
    proto::SyncdSnapshot snapshot;
    REQUIRE(snapshot.ParseFromArray(file.data(), static_cast<int>(file.size())));
    (*snapshot.mutable_mac())[0] = static_cast<char>(snapshot.mac()[0] ^ 1);
    file = base::to_bytes(snapshot.SerializeAsString());
  };
  bench.share({1});
  CHECK(bench.state(Collection::kRegularLow).trust == Trust::kTainted);
  CHECK(bench.run(bench.alice.desk->chats().facts(*Jid::parse(kBob)))->pinned == true);
  CHECK(bench.asked_phone(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE).size() == 1);
  const int fetched = bench.server.blobs.fetched;
  for (int i = 0; i < 5; ++i) bench.give(bench.alice, AppStateService::server_sync({"regular_low"}));
  CHECK(bench.server.blobs.fetched == fetched);
  CHECK(bench.asked_phone(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE).size() == 1);

  const auto refused = bench.run(bench.alice.desk->chats().archive(*Jid::parse(kBob), Archive::kArchive));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "appstate_tainted");
}

TEST_CASE(
    "P1: a patch that is not genuine: one full snapshot, one question to the phone, then a day of peace") {
  Bench bench;
  bench.share({1});
  bench.service.change(app_state::make(app_state::ChatPinned{kBob, true}, kNowMs));
  bench.service.damage = [](Node& collection) {
    if (!collection.attr_is("name", "regular_low")) return;
    Node copy("collection");
    copy.set("name", "regular_low");
    copy.set("version", "1");
    copy.add_child(Node("patches").add(Node("patch").text("\x12\x03zzz")));
    collection = std::move(copy);
  };
  for (int i = 0; i < 6; ++i) bench.give(bench.alice, AppStateService::server_sync({"regular_low"}));
  const auto whole = std::ranges::count(bench.service.asked, std::string{"regular_low!"});
  CHECK(whole <= 2);  // at the very beginning, and once to mend it
  CHECK(bench.service.queries < 6);
  CHECK(bench.asked_phone(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE).size() == 1);

  // The phone answers with its plain copy, and the collection lives again.
  bench.service.damage = nullptr;
  const auto request = bench.asked_phone(proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE).at(0);
  std::string request_id;
  for (const Node& stanza : bench.alice.sent_with_tag("message"))
    if (stanza.attr_is("category", "peer")) request_id = *stanza.attr("id");
  auto& here = bench.service.stored[Collection::kRegularLow];
  proto::SyncdSnapshotRecovery copy;
  copy.mutable_version()->set_version(here.device.state.version);
  copy.set_collection_name("regular_low");
  const auto& hash = here.device.state.hash.bytes();
  copy.set_collection_lthash(hash.data(), hash.size());
  for (const auto& [index, bytes] : here.records) {
    proto::SyncdRecord wire;
    REQUIRE(wire.ParseFromString(bytes));
    const auto record = app_state::read_record(wire).value();
    const auto mutation =
        app_state::open(record, app_state::Operation::kSet, here.device.ring).value().value();
    auto& plain = *copy.add_mutation_records();
    plain.mutable_value()->set_index(app_state::to_json(mutation.index));
    plain.mutable_value()->add_value(mutation.value.data(), mutation.value.size());
    plain.mutable_value()->set_version(mutation.version);
    plain.set_key_id(record.key_id.data(), record.key_id.size());
    const auto mac = app_state::value_mac_of(record);
    plain.set_mac(mac.data(), mac.size());
  }
  proto::PeerDataOperationRequestResponseMessage response;
  response.set_peer_data_operation_request_type(8);
  response.set_stanza_id(request_id);
  auto& result = *response.add_peer_data_operation_result()->mutable_syncd_snapshot_fatal_recovery_response();
  result.set_collection_snapshot(copy.SerializeAsString());
  proto::Message message;
  message.mutable_protocol_message()->set_type(
      proto::ProtocolMessage::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE);
  message.mutable_protocol_message()->set_peer_data_operation_request_response_message(
      response.SerializeAsString());
  bench.give(bench.alice, as_peer(bench.phone.says("R1", message)));
  CHECK(bench.state(Collection::kRegularLow).version == here.device.state.version);
  CHECK(bench.state(Collection::kRegularLow).trust == Trust::kVerified);
  CHECK(bench.run(bench.alice.desk->chats().archive(*Jid::parse(kBob), Archive::kArchive)));
}

TEST_CASE("P5: an answer that always has more is given up") {
  Bench bench;
  bench.service.damage = [](Node& collection) { collection.set("has_more_patches", "true"); };
  bench.share({1});
  CHECK(bench.service.queries <= 5);
}

TEST_CASE("P4: somebody was faster: his patch is applied, ours is made anew, and both devices agree") {
  Bench bench;
  bench.share({1});
  bench.service.before_patch = [&] {
    bench.service.change(app_state::make(app_state::ChatPinned{"42@s.whatsapp.net", true}, kNowMs));
  };
  REQUIRE(bench.run(bench.alice.desk->chats().archive(lid_jid("200000000000002"), Archive::kArchive)));
  const auto& device = bench.service.stored[Collection::kRegularLow].device;
  CHECK(bench.state(Collection::kRegularLow) == device.state);
  CHECK(device.state.version == 2);
  for (const auto& [index, value] : device.entries)
    CHECK(load_entries(*bench.alice.memory, Collection::kRegularLow, {index}).value().at(index) == value);
  CHECK(bench.run(bench.alice.desk->chats().facts(lid_jid("200000000000002")))->archived == true);
  CHECK(bench.run(bench.alice.desk->chats().facts(*Jid::parse("42@s.whatsapp.net")))->pinned == true);
}

TEST_CASE("a chat keeps the form of its address that the collection has it under") {
  Bench bench;
  bench.service.change(app_state::make(app_state::ChatMuted{kBob, app_state::MutedForever{}}, kNowMs));
  bench.share({1});
  REQUIRE(bench.send(bench.alice, *Jid::parse(kBob), "ID1", "hello"));  // learns the LID
  REQUIRE(bench.run(bench.alice.desk->chats().mute(*Jid::parse(kBob), 0)));
  CHECK(bench.service.stored[Collection::kRegularHigh].device.entries.size() == 1);
  REQUIRE(bench.run(bench.alice.desk->chats().pin(*Jid::parse(kBob), Pin::kPin)));
  CHECK(bench.run(bench.alice.desk->chats().facts(lid_jid("200000000000002")))->pinned == true);
  CHECK(bench.run(bench.alice.desk->chats().facts(*Jid::parse(kBob)))->muted_until == 0);
}

TEST_CASE("without keys there is nothing to change, and that is said at once") {
  Bench bench;
  const auto refused = bench.run(bench.alice.desk->chats().mute(*Jid::parse(kBob), -1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::kUnavailable);
  CHECK(bench.service.queries == 0);
}

TEST_CASE("messages that were read: one receipt per author, and our other devices learn it") {
  Bench bench;
  bench.share({1});
  const Jid group = *Jid::parse("120363000000000001@g.us");
  const Jid eve = lid_jid("300000000000003");
  std::vector<ReadMark> marks{
      {"A", bench.bob.lid(), 5}, {"B", eve, 6}, {"C", bench.bob.lid(), 7}, {"D", bench.alice.lid(), 8}};
  REQUIRE(bench.run(bench.alice.desk->chats().mark_read(group, marks)));
  const auto receipts = bench.alice.receipts("read");
  REQUIRE(receipts.size() == 2);  // never for our own
  CHECK(receipts[0].attr("to") == group.to_string());
  CHECK(receipts[0].attr("participant") == "200000000000002@lid");
  CHECK(receipts[0].attr("id") == "A");
  CHECK(receipts[0].child("list")->children().size() == 1);
  CHECK(receipts[1].attr("participant") == eve.to_string());
  CHECK(receipts[1].child("list") == nullptr);
  CHECK(bench.service.stored[Collection::kRegularLow].device.state.version == 1);

  bench.server.on_query = [&](const Node& iq) -> std::optional<Node> {
    if (!iq.attr_is("xmlns", "privacy")) return bench.service.answer(iq);
    return Node("iq")
        .with("type", "result")
        .add(Node("privacy").add(Node("category").with("name", "readreceipts").with("value", "none")));
  };
  Node changed = Node("notification")
                     .with("id", "n1")
                     .with("from", bench.alice.pn().bare())
                     .with("type", "account_sync");
  bench.give(bench.alice, std::move(changed).add(Node("privacy")));
  bench.pass(15s);
  REQUIRE(bench.run(bench.alice.desk->chats().mark_read(bench.bob.lid().bare(), {{"E", {}, 0}})));
  CHECK(bench.alice.receipts("read-self").size() == 1);
  CHECK_FALSE(bench.run(bench.alice.desk->chats().mark_read(*Jid::parse("1@newsletter"), {{"E", {}, 0}})));
}
