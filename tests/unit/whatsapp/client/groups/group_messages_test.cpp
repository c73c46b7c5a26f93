// Messages of groups, both ways, between desks with real sessions and sender keys.
#include <doctest/doctest.h>

#include "unit/whatsapp/client/groups/group_bench.h"
#include "whatsapp/signal/sender_key_record.h"

using namespace whatsapp;
using namespace whatsapp::test;
using Texts = std::vector<std::string>;

namespace {

constexpr const char* kBob = "200000000000002@lid";
constexpr const char* kCarol = "300000000000003@lid";

std::uint64_t marks(const Party& party) {
  return party.memory->record_count("sender_key_mark:" + test_group().to_string()).value();
}

Node removal(const GroupBench& bench, const Party& party) {
  return Node("remove").with("prev_v_id", "1").with("v_id", "2").add(bench.participant(party));
}

}  // namespace

TEST_CASE("a first group message brings the key to every device; the second is one ciphertext for all") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const Node first = bench.to_group(bench.alice).at(0);
  CHECK(GroupBench::key_receivers(first) ==
        std::set<std::string>{kBob, kCarol, bench.alice_phone.lid().to_string()});
  CHECK(first.attr("addressing_mode") == "lid");
  CHECK(first.child("device-identity") != nullptr);
  CHECK(first.child("enc")->attr("type") == "skmsg");
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello"});
  CHECK(GroupBench::bodies(bench.carol) == Texts{"hello"});
  CHECK(GroupBench::bodies(bench.alice_phone) == Texts{"hello"});
  CHECK(bench.alice_phone.sink.events[0].from_me);
  CHECK(bench.bob.sink.events[0].chat == test_group().to_string());
  CHECK(bench.bob.sink.events[0].sender == "100000000000001@lid");
  CHECK(bench.bob.sink.last->sender_pn->to_string() == "15550001111@s.whatsapp.net");
  CHECK(bench.bob.receipts("").size() == 1);

  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  const Node second = bench.to_group(bench.alice).at(1);
  CHECK(second.child("participants") == nullptr);
  CHECK(second.child("device-identity") == nullptr);
  CHECK(GroupBench::bodies(bench.carol) == Texts{"hello", "again"});
  CHECK(bench.group_queries == 1);
}

TEST_CASE("a group that names its members by number") {
  GroupBench bench;
  bench.group.by_lid = false;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const Node stanza = bench.to_group(bench.alice).at(0);
  CHECK(stanza.attr("addressing_mode") == "pn");
  CHECK(GroupBench::key_receivers(stanza).contains("15550002222@s.whatsapp.net"));
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello"});
  CHECK(bench.bob.sink.events[0].sender == "15550001111@s.whatsapp.net");
  CHECK(bench.bob.sink.last->sender_lid->to_string() == "100000000000001@lid");
  // Sessions are under the LID whatever the wire says.
  CHECK(bench.alice.memory->session({"200000000000002", signal::Domain::kLid, 0}).value());
  REQUIRE(bench.send_to_group(bench.bob, "G2", "hi"));
  CHECK(GroupBench::bodies(bench.alice) == Texts{"hi"});
}

TEST_CASE("G1: whoever was sent the key is marked only when the server has acked") {
  GroupBench bench;
  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("error", "500");
    plain.set("type", "none");
    return std::optional<Node>{plain};
  };
  bench.start_text(bench.alice, test_group(), "G1", "hello");
  bench.pass(std::chrono::seconds{10});
  REQUIRE(bench.outcomes["G1"]);
  CHECK_FALSE(*bench.outcomes["G1"]);
  CHECK(marks(bench.alice) == 0);

  bench.server.on_ack = nullptr;
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()).size() == 3);
  CHECK(marks(bench.alice) == 3);
}

TEST_CASE("G1: a stanza that is sent again byte for byte marks its receivers too") {
  GroupBench bench;
  bench.server.on_ack = [](const Node&, Node) { return std::optional<Node>{}; };
  bench.start_text(bench.alice, test_group(), "G1", "hello");
  bench.settle();
  bench.disconnect(bench.alice);
  bench.alice.connect();
  CHECK(marks(bench.alice) == 0);
  bench.server.on_ack = nullptr;
  REQUIRE(bench.run(bench.alice.desk->resend("G1", bench.journal.stanza)));
  bench.settle();
  CHECK(marks(bench.alice) == 3);
}

TEST_CASE("G3: a device without a mark needs the key, one by one") {
  GroupBench bench;
  bench.group.members = {"15550001111", "15550002222"};
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.push_back("15550003333");
  bench.tell_members(Node("add").with("prev_v_id", "1").with("v_id", "2").add(bench.participant(bench.carol)),
                     bench.bob.lid());
  REQUIRE(bench.send_to_group(bench.alice, "G2", "welcome"));
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()) == std::set<std::string>{kCarol});
  CHECK(GroupBench::bodies(bench.carol) == Texts{"welcome"});
  CHECK(bench.group_queries == 1);
}

TEST_CASE("G4: when somebody who has the key leaves, the next message has a new one") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.pop_back();
  bench.group.version = "2";
  bench.tell_members(removal(bench, bench.carol), bench.alice.lid());
  CHECK(marks(bench.alice) == 0);
  CHECK(bench.group_queries == 1);
  REQUIRE(bench.send_to_group(bench.alice, "G2", "without Carol"));
  const Node stanza = bench.to_group(bench.alice).back();
  CHECK(GroupBench::key_receivers(stanza) ==
        std::set<std::string>{kBob, bench.alice_phone.lid().to_string()});
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "without Carol"});

  // What Carol may still catch on the wire is of no use to her.
  Node caught = Node("message")
                    .with("id", "G2")
                    .with("from", test_group())
                    .with("t", "1760000000")
                    .with("participant", bench.alice.lid());
  caught.add_child(*stanza.child("enc"));
  bench.give(bench.carol, caught);
  CHECK(GroupBench::bodies(bench.carol) == Texts{"hello"});
}

TEST_CASE("G4: somebody who never had the key may leave without anybody noticing") {
  GroupBench bench;
  bench.group.members = {"15550001111", "15550002222"};
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.tell_members(removal(bench, bench.carol), bench.alice.lid());
  CHECK(marks(bench.alice) == 2);
}

TEST_CASE("G4: a removal that nobody told us of is seen when the members are read again") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.pop_back();
  bench.pass(std::chrono::milliseconds{0});
  bench.clock.advance(std::chrono::hours{2});  // the metadata is old
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(bench.group_queries == 2);
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()).size() == 2);
}

TEST_CASE("G5: a device that was removed and comes back under its number gets the key again") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const auto devices = [&](const char* what, std::uint16_t id) {
    return Node("notification")
        .with("id", what)
        .with("from", lid_jid("200000000000002"))
        .with("type", "devices")
        .with("t", "1760000001")
        .add(
            Node(what).add(Node("device").with("jid", lid_jid("200000000000002", id)).with("key-index", id)));
  };
  bench.bob.devices = {0, 5};
  bench.give(bench.alice, devices("add", 5));
  store::Changes changes;  // device 5 has got the key
  changes.records.push_back({"sender_key_mark:" + test_group().to_string(), "200000000000002_1:5", {}, 0});
  REQUIRE(bench.alice.memory->commit(changes));
  bench.give(bench.alice, devices("remove", 5));
  CHECK(marks(bench.alice) == 0);
  bench.give(bench.alice, devices("add", 5));
  Party again(bench.server, bench.executor, "15550002222", "200000000000002", 5, 77);
  again.devices = {0, 5};
  again.connect();
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()).size() == 4);
  CHECK(GroupBench::bodies(again) == Texts{"again"});
  bench.leave(again);
}

TEST_CASE("G5: somebody who registered anew gets the key again, the others keep theirs") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.give(bench.alice, Node("notification")
                              .with("id", "I1")
                              .with("from", lid_jid("200000000000002"))
                              .with("type", "encrypt")
                              .with("t", "1960000001")
                              .add(Node("identity")));
  CHECK(marks(bench.alice) == 2);
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(GroupBench::key_receivers(bench.to_group(bench.alice).back()) == std::set<std::string>{kBob});
}

TEST_CASE("G6: when the server sees other members, everything is read anew and sent once more, never twice") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.members.pop_back();  // and nobody told us
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  const auto stanzas = bench.to_group(bench.alice);
  REQUIRE(stanzas.size() == 3);
  CHECK(stanzas[1].attr("id") == stanzas[2].attr("id"));
  CHECK(stanzas[1].attr("phash") != stanzas[2].attr("phash"));
  CHECK(bench.group_queries == 2);
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "again"});
  CHECK(bench.journal.calls == 2);

  bench.wrong_phash = "2:AAAAAAAA";  // whatever we do
  REQUIRE(bench.send_to_group(bench.alice, "G3", "third"));
  CHECK(bench.to_group(bench.alice).size() == 5);
}

TEST_CASE("a group that went over to LIDs is written to in the new form, with a new key") {
  GroupBench bench;
  bench.group.by_lid = false;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  bench.group.by_lid = true;
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  const auto stanzas = bench.to_group(bench.alice);
  REQUIRE(stanzas.size() == 3);
  CHECK(stanzas[2].attr("addressing_mode") == "lid");
  CHECK(GroupBench::key_receivers(stanzas[2]).size() == 3);
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "again"});
}

TEST_CASE("G9: a message from a device that we did not know of is read") {
  GroupBench bench;
  Party tablet(bench.server, bench.executor, "15550002222", "200000000000002", 9, 78);
  tablet.devices = {0, 9};
  tablet.connect();
  REQUIRE(bench.send_to_group(tablet, "G1", "from a tablet"));
  CHECK(GroupBench::bodies(bench.alice) == Texts{"from a tablet"});
  bench.leave(tablet);
}

TEST_CASE("G11: our own key is kept under our LID, in groups of both forms; an imported one is taken over") {
  GroupBench bench;
  bench.group.by_lid = false;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const std::string group = test_group().to_string();
  const signal::Address by_lid{"100000000000001", signal::Domain::kLid, 1};
  const signal::Address by_number{"15550001111", signal::Domain::kPn, 1};
  auto key = bench.alice.memory->sender_key(group, by_lid).value();
  REQUIRE(key);
  CHECK_FALSE(bench.alice.memory->sender_key(group, by_number).value());

  store::Changes changes;
  changes.sender_keys.emplace_back(std::pair{group, by_number}, *key);
  changes.sender_keys.emplace_back(std::pair{group, by_lid}, std::nullopt);
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  CHECK(bench.to_group(bench.alice).back().child("participants") == nullptr);
  CHECK(bench.alice.memory->sender_key(group, by_lid).value());
  CHECK_FALSE(bench.alice.memory->sender_key(group, by_number).value());
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "again"});
}

TEST_CASE("a key is changed after a thousand messages") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const std::string group = test_group().to_string();
  const signal::Address own{"100000000000001", signal::Domain::kLid, 1};
  auto record = signal::SenderKeyRecord::parse(*bench.alice.memory->sender_key(group, own).value()).value();
  const auto id = record.own()->id;
  record.mutable_own()->chain.index = 1000;
  store::Changes changes;
  changes.sender_keys.emplace_back(std::pair{group, own}, record.serialize());
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  record = signal::SenderKeyRecord::parse(*bench.alice.memory->sender_key(group, own).value()).value();
  CHECK(record.own()->id != id);
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "again"});
}

TEST_CASE("a member without usable keys never keeps the message from the others, and is asked about again") {
  GroupBench bench;
  bench.group.members.push_back("15550004444");
  Party dave(bench.server, bench.executor, "15550004444", "400000000000004", 0, 79);
  dave.devices = {0};
  bench.on_other_query = [&](const Node& iq) -> std::optional<Node> {
    const Node* key = iq.child("key");
    if (key == nullptr || key->children().size() < 2) return std::nullopt;
    return Node("iq").with("type", "error").add(Node("error").with("code", "406").with("text", "no"));
  };
  dave.connect();
  dave.credentials.signed_pre_key.signature.fill(1);  // a forged bundle
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  CHECK(GroupBench::bodies(bench.carol) == Texts{"hello"});
  CHECK_FALSE(GroupBench::key_receivers(bench.to_group(bench.alice)[0]).contains("400000000000004@lid"));
  CHECK(marks(bench.alice) == 3);
  bench.leave(dave);
}

TEST_CASE("we are not a member: a final refusal that names it, and nothing goes out") {
  GroupBench bench;
  bench.group.members = {"15550002222", "15550003333"};
  const auto outcome = bench.send_to_group(bench.alice, "G1", "hello");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == base::ErrorCode::kRejected);
  CHECK(outcome.error().detail == 403);
  CHECK(bench.to_group(bench.alice).empty());

  const auto nowhere = bench.send(bench.alice, Jid{"120363999", binary::Server::kGroup}, "G2", "hello");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().detail == 404);
}

TEST_CASE("the server's 403 for a message is final, and the members are read again before the next") {
  GroupBench bench;
  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("error", "403");
    return std::optional<Node>{plain};
  };
  const auto outcome = bench.send_to_group(bench.alice, "G1", "hello");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().detail == 403);
  bench.server.on_ack = nullptr;
  REQUIRE(bench.send_to_group(bench.alice, "G2", "hello"));
  CHECK(bench.group_queries == 2);
}

TEST_CASE("many messages at once to one group go out in order, no iteration twice") {
  GroupBench bench;
  Texts expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i));
    bench.start_text(bench.alice, test_group(), "G" + expected.back(), expected.back());
  }
  bench.settle();
  CHECK(GroupBench::bodies(bench.bob) == expected);
  CHECK(GroupBench::bodies(bench.alice_phone) == expected);
}

// ---- retries --------------------------------------------------------------------------------------------

TEST_CASE("R5: who could not read a group message gets it again with the key, and reads the next one") {
  GroupBench bench;
  bench.server.on_delivery = [&, left = 1](Party& to, Node& stanza) mutable {
    if (&to == &bench.bob && stanza.tag() == "message" && left-- > 0) stanza = corrupted(stanza);
    return true;
  };
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  REQUIRE(bench.bob.receipts("retry").size() == 1);
  CHECK_FALSE(bench.bob.receipts("retry")[0].has_attr("recipient"));
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello"});
  const Node again = bench.to_group(bench.alice).back();
  CHECK(again.attr("participant") == kBob);
  CHECK(again.child("enc")->attr("count") == "1");
  CHECK(again.child("enc")->attr("type") != "skmsg");
  CHECK_FALSE(again.has_attr("device_fanout"));
  REQUIRE(bench.send_to_group(bench.alice, "G2", "next"));
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "next"});
  CHECK(bench.bob.receipts("retry").size() == 1);
}

TEST_CASE("R6: a retry goes to the device that asked and to nobody else") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  std::vector<Party*> got;
  bench.server.on_delivery = [&](Party& to, Node& stanza) {
    if (stanza.tag() == "message") got.push_back(&to);
    return true;
  };
  bench.give(bench.alice, Node("receipt")
                              .with("id", "G1")
                              .with("from", test_group())
                              .with("participant", bench.carol.lid())
                              .with("type", "retry")
                              .add(Node("retry").with("count", "1").with("id", "G1").with("v", "1")));
  CHECK(got == std::vector<Party*>{&bench.carol});
  CHECK(marks(bench.alice) == 2);  // Carol's is gone until the next message brings her the key again
}

TEST_CASE("a retry from somebody who is no member is not answered, and changes the key") {
  GroupBench bench;
  bench.group.members.pop_back();
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  const auto sent = bench.to_group(bench.alice).size();
  bench.give(bench.alice, Node("receipt")
                              .with("id", "G1")
                              .with("from", test_group())
                              .with("participant", bench.carol.lid())
                              .with("type", "retry")
                              .add(Node("retry").with("count", "1").with("id", "G1").with("v", "1")));
  CHECK(bench.to_group(bench.alice).size() == sent);
  CHECK(bench.alice.answers_given["receipt G1"] == 1);
  CHECK(marks(bench.alice) == 0);
}

TEST_CASE("a member who lost our key asks with keys at once, and gets both message and key") {
  GroupBench bench;
  REQUIRE(bench.send_to_group(bench.alice, "G1", "hello"));
  store::Changes changes;
  const signal::Address alice{"100000000000001", signal::Domain::kLid, 1};
  changes.sender_keys.emplace_back(std::pair{test_group().to_string(), alice}, std::nullopt);
  REQUIRE(bench.bob.memory->commit(changes));
  REQUIRE(bench.send_to_group(bench.alice, "G2", "again"));
  REQUIRE(bench.bob.receipts("retry").size() == 1);
  CHECK(bench.bob.receipts("retry")[0].child("keys") != nullptr);
  CHECK(GroupBench::bodies(bench.bob) == Texts{"hello", "again"});
}
