// Every stanza gets exactly one answer, on every path.
#include <doctest/doctest.h>

#include "proto/message.pb.h"
#include "unit/whatsapp/client/desk_bench.h"
#include "unit/whatsapp/client/stranger.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/signal/group_cipher.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/session_cipher.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

Node enc(std::string_view type, std::string_view version = "2") {
  return Node("enc").with("v", version).with("type", type).text("ciphertext");
}

proto::Message text(const std::string& body) {
  proto::Message message;
  message.set_conversation(body);
  return message;
}

Jid group() { return *Jid::parse("120363000000000001@g.us"); }

}  // namespace

TEST_CASE("stanzas that carry nothing for us are answered once, as their kind demands") {
  struct Case {
    const char* what;
    Node stanza;
    const char* tag;    // of the answer; empty: none
    const char* error;  // empty: none
  };
  const Jid bob = lid_jid("200000000000002");
  const Jid channel = *Jid::parse("120363@newsletter");
  const std::vector<Case> cases{
      {"no content", message_from(bob, "1"), "ack", "488"},
      {"withheld", message_from(bob, "1").add(Node("unavailable").with("type", "view_once")), "ack", ""},
      {"version 3", message_from(bob, "1").add(enc("msg", "3")), "ack", "491"},
      {"unknown version", message_from(bob, "1").add(enc("msg", "x")), "ack", "488"},
      {"bot message", message_from(bob, "1").add(enc("msmsg")), "ack", "495"},
      {"fast ratchet", message_from(bob, "1").add(enc("frskmsg")), "ack", "490"},
      {"sender key in a direct chat", message_from(bob, "1").add(enc("skmsg")), "ack", "490"},
      {"group without participant", message_from(group(), "1").add(enc("skmsg")), "ack", "487"},
      {"endless id", message_from(bob, std::string(129, 'x').c_str()).add(enc("msg")), "ack", "487"},
      {"negative time", Node("message").with("id", "1").with("from", bob).with("t", "-5").add(enc("msg")),
       "ack", "487"},
      {"channel", message_from(channel, "1").add(Node("plaintext").text("x")), "ack", ""},
      {"status of old",
       message_from(Jid::status(), "1").with("t", "1700000000").with("participant", bob).add(enc("skmsg")),
       "ack", ""},
      {"media notice", Node("message").with("id", "1").with("from", bob).with("type", "medianotify"), "ack",
       ""},
      {"read receipt", Node("receipt").with("id", "1").with("from", bob).with("type", "read"), "ack", ""},
      {"call", Node("call").with("id", "1").with("from", bob).add(Node("offer")), "ack", ""},
      {"unknown notification",
       Node("notification").with("id", "1").with("from", bob).with("type", "w:growth"), "ack", ""},
      {"unknown stanza", Node("surprise").with("id", "1").with("from", bob), "ack", "488"},
      {"status stanza", Node("status").with("id", "1").with("from", channel), "ack", ""},
      {"presence", Node("presence").with("from", bob).with("id", "1"), "", ""},
      {"chat state", Node("chatstate").with("from", bob).with("id", "1"), "", ""},
      {"unknown stanza without id", Node("surprise").with("from", bob), "", ""},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    DeskBench bench;
    bench.give(bench.alice, one.stanza);
    const bool answered = one.tag[0] != '\0';
    REQUIRE(bench.alice.sent.size() == (answered ? 1 : 0));
    if (!answered) continue;
    CHECK(bench.alice.sent[0].tag() == one.tag);
    CHECK(bench.alice.sent[0].attr("class") == one.stanza.tag());
    CHECK(bench.alice.sent[0].attr("error").value_or("") == one.error);
    CHECK(bench.alice.sent[0].attr("to") == one.stanza.attr("from"));
    // What the sender lets nobody see but the phone is told as such.
    const bool told = one.stanza.child("unavailable") != nullptr;
    CHECK(bench.alice.sink.events.size() == (told ? 1 : 0));
  }
}

TEST_CASE("what decrypts to nonsense is refused once and for all, and the session goes on") {
  DeskBench bench;
  Stranger bob(bench.alice, bench.bob.lid(), 5);
  const base::Bytes wrong_padding{1, 2, 3, 200};
  const base::Bytes no_message{0x0F, 0x01, 1};
  bench.give(bench.alice, message_from(bob.from_, "1").add(bob.enc_of(base::ByteView{wrong_padding})));
  bench.give(bench.alice, message_from(bob.from_, "2").add(bob.enc_of(base::ByteView{no_message})));
  bench.give(bench.alice, bob.says("3", text("fine")));
  const auto acks = bench.alice.sent_with_tag("ack");
  REQUIRE(acks.size() == 2);
  CHECK(acks[0].attr("error") == "491");
  CHECK(acks[1].attr("error") == "491");
  CHECK(bench.alice.receipts("retry").empty());
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].body == "fine");
}

TEST_CASE("keys, history and words of our own devices are believed from our own devices only") {
  proto::Message keys;
  keys.mutable_protocol_message()->set_type(proto::ProtocolMessage::APP_STATE_SYNC_KEY_SHARE);
  auto& key = *keys.mutable_protocol_message()->mutable_app_state_sync_key_share()->add_keys();
  key.mutable_key_id()->set_key_id("\x01\x02");
  key.mutable_key_data()->set_key_data(std::string(32, 's'));
  proto::Message history;
  history.mutable_protocol_message()->set_type(proto::ProtocolMessage::HISTORY_SYNC_NOTIFICATION);
  proto::Message as_us;
  as_us.mutable_device_sent_message()->set_destination_jid("42@s.whatsapp.net");
  *as_us.mutable_device_sent_message()->mutable_message() = text("forged");

  DeskBench bench;
  Stranger eve(bench.alice, bench.bob.lid(), 5);
  bench.give(bench.alice, eve.says("1", keys));
  bench.give(bench.alice, eve.says("2", history));
  bench.give(bench.alice, eve.says("3", as_us));
  CHECK(bench.alice.sink.events.empty());
  CHECK_FALSE(bench.alice.memory->record("app_state_key", "0102").value());
  CHECK(bench.alice.receipts("hist_sync").empty());
  CHECK(bench.alice.receipts("").size() == 3);

  Stranger phone(bench.alice, bench.alice_phone.lid(), 6);
  const auto peer = [](Node stanza) {
    stanza.set("category", "peer");
    return stanza;
  };
  bench.give(bench.alice, peer(phone.says("4", keys)));
  bench.give(bench.alice, peer(phone.says("5", history)));
  CHECK(bench.alice.memory->record("app_state_key", "0102").value());
  CHECK(bench.alice.receipts("peer_msg").size() == 2);
  REQUIRE(bench.alice.receipts("hist_sync").size() == 1);
  CHECK(bench.alice.receipts("hist_sync")[0].attr("to") == "100000000000001@lid");
  CHECK(bench.alice.sink.events.empty());
  CHECK(bench.alice.receipts("retry").empty());
}

TEST_CASE("a message of our own without recipient belongs to the chat that it names") {
  DeskBench bench;
  Stranger phone(bench.alice, bench.alice_phone.lid(), 6);
  proto::Message copy;
  copy.mutable_device_sent_message()->set_destination_jid("200000000000002@lid");
  *copy.mutable_device_sent_message()->mutable_message() = text("from my phone");
  bench.give(bench.alice, phone.says("1", copy));
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].chat == "200000000000002@lid");
  CHECK(bench.alice.sink.events[0].from_me);
  CHECK(bench.alice.receipts("sender").size() == 1);
}

TEST_CASE("a session under the number goes on under the LID, once the LID is known") {
  DeskBench bench;
  Stranger bob(bench.alice, pn_jid("15550002222"), 5);
  bench.give(bench.alice, bob.says("1", text("by number")));
  CHECK(bench.alice.memory->session({"15550002222", signal::Domain::kPn, 0}).value());

  Node second = bob.says("2", text("number and LID"));
  second.set("sender_lid", lid_jid("200000000000002"));
  bench.give(bench.alice, second);
  bob.from_ = lid_jid("200000000000002");
  bench.give(bench.alice, bob.says("3", text("by LID")));
  CHECK(bench.alice.sink.events.size() == 3);
  CHECK(bench.alice.receipts("retry").empty());
  CHECK_FALSE(bench.alice.memory->session({"15550002222", signal::Domain::kPn, 0}).value());
  CHECK(bench.alice.memory->session({"200000000000002", signal::Domain::kLid, 0}).value());
  CHECK(bench.alice.memory->identity({"200000000000002", signal::Domain::kLid, 0}).value());
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "200000000000002");
}

TEST_CASE("a stranger cannot give our own number another LID") {
  DeskBench bench;
  Stranger eve(bench.alice, lid_jid("666"), 5);
  Node stanza = eve.says("1", text("hello"));
  stanza.set("sender_pn", bench.alice.pn().bare());
  bench.give(bench.alice, stanza);
  CHECK(bench.alice.memory->lid_of("15550001111").value() == "100000000000001");
}

TEST_CASE("a group is read with the sender's key, which came with the first message") {
  DeskBench bench;
  Stranger bob(bench.alice, bench.bob.lid(), 5);
  signal::SenderKeyRecord keys;
  signal::create_sender_key(keys, bob.random_);
  const auto distribution = signal::distribution_message(keys);
  const auto group_enc = [&](const std::string& body) {
    const std::string bytes = text(body).SerializeAsString();
    const auto wire =
        signal::group_encrypt(keys, message::pad(base::as_bytes(bytes), bob.random_), bob.random_);
    return Node("enc").with("v", "2").with("type", "skmsg").bytes(base::ByteView{*wire});
  };
  const auto in_group = [&](const char* id) {
    return message_from(group(), id).with("participant", bob.from_).with("addressing_mode", "lid");
  };
  const auto share = [&](const std::string& chat) {
    proto::Message message;
    auto& skdm = *message.mutable_sender_key_distribution_message();
    skdm.set_group_id(chat);
    skdm.set_axolotl_sender_key_distribution_message(base::to_string(*distribution));
    return message;
  };

  SUBCASE("the pairwise part is opened first, wherever it stands") {
    Node first = in_group("1").add(group_enc("hello group")).add(bob.enc_of(share(group().to_string())));
    bench.give(bench.alice, first);
    bench.give(bench.alice, in_group("2").add(group_enc("more")));
    REQUIRE(bench.alice.sink.events.size() == 2);
    CHECK(bench.alice.sink.events[0].body == "hello group");
    CHECK(bench.alice.sink.events[0].chat == group().to_string());
    CHECK(bench.alice.sink.events[0].sender == "200000000000002@lid");
    CHECK(bench.alice.sink.events[1].body == "more");
    REQUIRE(bench.alice.receipts("").size() == 2);
    CHECK(bench.alice.receipts("")[0].attr("participant") == bob.from_.to_string());
  }
  SUBCASE("a key for another group is not taken") {
    bench.give(bench.alice,
               in_group("1").add(bob.enc_of(share("120363000000000009@g.us"))).add(group_enc("x")));
    CHECK(bench.alice.sink.events.empty());
    CHECK(bench.alice.receipts("retry").size() == 1);
  }
  SUBCASE("without the key it is asked for, with keys of ours at once") {
    bench.give(bench.alice, in_group("1").add(group_enc("x")));
    REQUIRE(bench.alice.receipts("retry").size() == 1);
    CHECK(bench.alice.receipts("retry")[0].child("keys") != nullptr);
    CHECK(bench.alice.receipts("retry")[0].attr("participant") == bob.from_.to_string());
    CHECK(bench.alice.answers_given["message 1"] == 1);
    // The answer carries message and key in one pairwise payload.
    proto::Message again = share(group().to_string());
    again.set_conversation("x");
    Node answer = bob.enc_of(again);
    answer.set("count", "1");
    bench.give(bench.alice, in_group("1").add(answer));
    REQUIRE(bench.alice.sink.events.size() == 1);
    CHECK(bench.alice.sink.events[0].body == "x");
    CHECK(bench.alice.observer.repaired == std::vector<std::string>{"1"});
    bench.give(bench.alice, in_group("2").add(group_enc("y")));
    CHECK(bench.alice.sink.events.size() == 2);
  }
}

TEST_CASE("what comes through a broadcast list belongs to the chat with its sender") {
  DeskBench bench;
  Stranger bob(bench.alice, bench.bob.lid(), 5);
  Node stanza = message_from(*Jid::parse("123@broadcast"), "1").with("participant", bob.from_);
  stanza.add_child(bob.enc_of(text("to many")));
  bench.give(bench.alice, stanza);
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].chat == "200000000000002@lid");
}

// ---- notifications ----------------------------------------------------------------------------------------

TEST_CASE("the server's word about our pre-keys reaches their keeper") {
  DeskBench bench;
  bench.give(bench.alice, Node("notification")
                              .with("id", "1")
                              .with("from", Jid::service())
                              .with("type", "encrypt")
                              .add(Node("count").with("value", "3")));
  bench.give(bench.alice, Node("notification")
                              .with("id", "2")
                              .with("from", Jid::service())
                              .with("type", "encrypt")
                              .add(Node("digest")));
  CHECK(bench.alice.refills == std::vector<std::size_t>{3});
  CHECK(bench.alice.digests == 1);
  CHECK(bench.alice.answers_given["notification 1"] == 1);
  CHECK(bench.alice.sent_with_tag("ack")[0].attr("type") == "encrypt");
}

TEST_CASE("a new device of a contact gets the next message, a removed one no more") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  Party second(bench.server, bench.executor, "15550002222", "200000000000002", 4, 44);
  bench.bob.devices = second.devices = {0, 4};
  second.connect();
  const int asked = bench.server.device_queries;
  const auto notify = [&](const char* id, const char* what) {
    Node device = Node("device").with("jid", pn_jid("15550002222", 4)).with("key-index", "2");
    return Node("notification")
        .with("id", id)
        .with("from", pn_jid("15550002222"))
        .with("lid", lid_jid("200000000000002"))
        .with("type", "devices")
        .add(Node(what).add(std::move(device)));
  };
  bench.give(bench.alice, notify("n1", "add"));
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID2", "both"));
  CHECK(second.sink.events.size() == 1);
  CHECK(bench.server.device_queries == asked);

  bench.give(bench.alice, notify("n2", "remove"));
  CHECK_FALSE(bench.alice.memory->session({"200000000000002", signal::Domain::kLid, 4}).value());
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID3", "one"));
  CHECK(second.sink.events.size() == 1);
  CHECK(bench.bob.sink.events.size() == 3);
  CHECK(bench.alice.answers_given["notification n2"] == 1);

  bench.leave(second);
}

TEST_CASE("a list that does not hash to what the server says is asked for again") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  const int asked = bench.server.device_queries;
  bench.give(bench.alice, Node("notification")
                              .with("id", "n1")
                              .with("from", pn_jid("15550002222"))
                              .with("type", "devices")
                              .add(Node("add")
                                       .with("device_hash", "2:AAAAAAAA")
                                       .add(Node("device").with("jid", pn_jid("15550002222", 4)))));
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID2", "hello"));
  CHECK(bench.server.device_queries == asked + 1);
}

TEST_CASE("the list of our own devices is replaced by the notification") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  bench.give(bench.alice,
             Node("notification")
                 .with("id", "n1")
                 .with("from", pn_jid("15550001111"))
                 .with("type", "account_sync")
                 .add(Node("devices").add(Node("device").with("jid", pn_jid("15550001111", 1)))));
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID2", "again"));
  CHECK(bench.alice_phone.sink.events.size() == 1);  // no longer one of ours
  CHECK(bench.bob.sink.events.size() == 2);
}

TEST_CASE("a contact who registers anew gets a new session, unless he wrote with it before we were told") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  const signal::Address address{"200000000000002", signal::Domain::kLid, 0};
  const std::int64_t now = bench.clock.unix_seconds();
  const auto told = [&](const char* id, std::int64_t when) {
    return Node("notification")
        .with("id", id)
        .with("from", pn_jid("15550002222"))
        .with("type", "encrypt")
        .with("t", when)
        .add(Node("identity"));
  };
  bench.give(bench.alice, told("old", now - 60));
  CHECK(bench.alice.memory->session(address).value());
  bench.give(bench.alice, told("new", now + 60));
  CHECK_FALSE(bench.alice.memory->session(address).value());
  CHECK_FALSE(bench.alice.memory->identity(address).value());
  CHECK(bench.alice.answers_given["notification new"] == 1);
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID2", "again"));
  CHECK(bench.bob.sink.events.size() == 2);
  CHECK(bench.server.bundle_queries == 2);
}

TEST_CASE("numbers and LIDs that change are learned") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  bench.give(bench.alice,
             Node("notification")
                 .with("id", "1")
                 .with("from", Jid::service())
                 .with("type", "mex")
                 .add(Node("update").text(
                     R"({"data":{"xwa2_notify_lid_change":{"old":"200000000000002@lid","new":"7@lid"}}})")));
  CHECK(bench.alice.memory->lid_of("15550002222").value() == "7");
  bench.give(bench.alice, Node("notification")
                              .with("id", "2")
                              .with("from", Jid::service())
                              .with("type", "contacts")
                              .add(Node("modify")
                                       .with("old", pn_jid("15550002222"))
                                       .with("new", pn_jid("15550004444"))
                                       .with("old_lid", lid_jid("7"))
                                       .with("new_lid", lid_jid("8"))));
  CHECK(bench.alice.memory->lid_of("15550004444").value() == "8");
  CHECK(bench.alice.answers_given["notification 2"] == 1);
}

TEST_CASE("a notification whose effect cannot be stored is not acked") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, pn_jid("15550002222"), "ID1", "hello"));
  bench.alice.memory->fail_commits_with(base::Error{base::ErrorCode::kIo, "disk full"});
  bench.give(bench.alice, Node("notification")
                              .with("id", "1")
                              .with("from", pn_jid("15550002222"))
                              .with("type", "devices")
                              .add(Node("update").with("hash", "x")));
  CHECK(bench.alice.answers_given.count("notification 1") == 0);
  CHECK(bench.alice.close_reason);
  bench.alice.memory->fail_commits_with(std::nullopt);
}
