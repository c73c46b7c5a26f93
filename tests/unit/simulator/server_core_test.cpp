#include <doctest/doctest.h>

#include "recorder.h"
#include "whatsapp/message/phash.h"
#include "whatsapp/signal/wire_message.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;

struct Linked : Desk {
  Linked() : owner(phone({.number = "5511900000100", .name = "Owner"})), device(*this) { device.link(owner); }
  SimulatedPhone& owner;
  Companion device;
};

Node query(std::string_view id, std::string_view xmlns, Node child, std::string_view type = "get") {
  return Node("iq")
      .with("id", id)
      .with("to", Jid::service())
      .with("type", type)
      .with("xmlns", xmlns)
      .add(std::move(child));
}

Node ack(const Node& stanza) {
  return Node("ack")
      .with("class", stanza.tag())
      .with("id", stanza.attr("id"))
      .with("to", stanza.jid("from"))
      .with("participant", stanza.jid("participant"));
}

TEST_CASE("a login with another noise key than the linked one is refused with 401") {
  Linked desk;
  Companion thief(desk, 5);
  thief.jid = desk.device.jid;
  thief.log_in();
  REQUIRE(thief.wire().first("failure") != nullptr);
  CHECK(thief.wire().first("failure")->attr_is("reason", "401"));
  CHECK(thief.wire().closed);
  CHECK_FALSE(desk.device.wire().closed);
}

TEST_CASE("a second login of the same device replaces the first") {
  Linked desk;
  const Recorder& old_wire = desk.device.wire();
  desk.device.log_in();
  REQUIRE(old_wire.last("stream:error") != nullptr);
  CHECK(old_wire.last("stream:error")->child("conflict")->attr_is("type", "replaced"));
  CHECK(old_wire.closed);
  CHECK(desk.device.wire().first("success") != nullptr);
  CHECK(desk.core().state().violations.back().what == "second_connection");
}

TEST_CASE("a passive login holds the queue until the active iq") {
  Linked desk;
  SimulatedContact& contact = desk.contact();
  desk.device.say(Node("xmlstreamend"));
  desk.core().closed(desk.device.session);
  desk.settle();
  desk.device.log_in(Companion::Mode::kPassive);
  desk.core().delivery().deliver(*desk.core().directory().device(desk.device.jid),
                                 Node("notification").with("id", "n1").with("from", Jid::service()));
  (void)contact;
  CHECK(desk.device.wire().count("notification") == 0);
  desk.device.say(query("a", "passive", Node("active"), "set"));
  CHECK(desk.device.wire().answer("a")->attr_is("type", "result"));
  const Node* preview = desk.device.wire().last("ib");
  REQUIRE(preview->child("offline_preview") != nullptr);
  CHECK(desk.device.wire().count("notification") == 0);
  desk.device.say(Node("ib").add(Node("offline_batch").with("count", 100)));
  CHECK(desk.device.wire().count("notification") >= 1);
  CHECK(desk.device.wire().first("notification")->has_attr("offline"));
  CHECK(desk.device.wire().last("ib")->child("offline") != nullptr);
}

TEST_CASE("a queue is delivered without offline_batch after two seconds, in slices that wait for acks") {
  Settings settings;
  Linked desk;
  desk.core().closed(desk.device.session);
  desk.settle();
  Device& device = *desk.core().directory().device(desk.device.jid);
  while (!device.outbox.empty()) device.outbox.entries().pop_back();
  device.outbox.rewind();
  for (int i = 0; i < 250; ++i) {
    desk.core().delivery().deliver(
        device, Node("notification").with("id", std::to_string(i)).with("from", Jid::service()));
  }
  desk.device.log_in();
  CHECK(desk.device.wire().count("notification") == 0);
  desk.pass(2s);
  CHECK(desk.device.wire().count("notification") == 100);
  for (int i = 0; i < 100; ++i) {
    desk.device.say(
        Node("ack").with("class", "notification").with("id", std::to_string(i)).with("to", Jid::service()));
  }
  CHECK(desk.device.wire().count("notification") == 200);
  desk.pass(2s);
  CHECK(desk.device.wire().count("notification") == 250);
  CHECK(desk.device.wire().last("ib")->child("offline")->attr_is("count", "250"));
  CHECK(device.outbox.size() == 150);
}

TEST_CASE("what was not acked comes again on the next connection, in order, marked offline") {
  Linked desk;
  SimulatedContact& contact = desk.contact();
  REQUIRE(contact.send_text(desk.owner.pn(), "one"));
  desk.settle();
  CHECK(desk.device.wire().count("message") == 0);  // no pre-keys yet: nobody could encrypt for it
  Device& device = *desk.core().directory().device(desk.device.jid);
  desk.core().delivery().deliver(device, Node("message").with("id", "m1").with("from", Jid::service()));
  desk.core().delivery().deliver(device, Node("message").with("id", "m2").with("from", Jid::service()));
  CHECK(desk.device.wire().count("message") == 2);
  desk.device.say(Node("receipt").with("id", "m1").with("to", Jid::service()));
  desk.core().closed(desk.device.session);
  desk.device.log_in();
  desk.device.say(Node("ib").add(Node("offline_batch").with("count", 100)));
  REQUIRE(desk.device.wire().count("message") == 1);
  CHECK(desk.device.wire().first("message")->attr_is("id", "m2"));
  CHECK(desk.device.wire().first("message")->has_attr("offline"));
}

TEST_CASE("a message reaches the devices it was encrypted for; devices it forgot show in the phash") {
  Linked desk;
  SimulatedContact& contact = desk.contact({{.number = "5511900000200"}, 2});
  const Jid pn = *Jid::parse(contact.pn());
  Companion peer(desk, 12);
  SimulatedPhone& other_owner = desk.phone({.number = "5511900000300"});
  peer.link(other_owner);

  SUBCASE("complete") {
    desk.device.say_message("M1", pn, {pn, pn.with_device(1), *Jid::parse(desk.owner.pn())});
    const Node* answer = desk.device.wire().last("ack");
    REQUIRE(answer != nullptr);
    CHECK(answer->attr_is("class", "message"));
    CHECK(answer->attr_is("id", "M1"));
    CHECK_FALSE(answer->has_attr("phash"));
    CHECK_FALSE(answer->has_attr("error"));
  }
  SUBCASE("a device is missing") {
    desk.device.say_message("M1", pn, {pn, *Jid::parse(desk.owner.pn())});
    const std::vector<Jid> all{pn, pn.with_device(1), *Jid::parse(desk.owner.pn()), desk.device.jid};
    CHECK(desk.device.wire().last("ack")->attr_is("phash", whatsapp::message::participant_hash(all)));
  }
  SUBCASE("a device too many is dropped silently") {
    desk.device.say_message("M1", pn,
                            {pn, pn.with_device(1), pn.with_device(7), *Jid::parse(desk.owner.pn())});
    CHECK_FALSE(desk.device.wire().last("ack")->has_attr("phash"));
    CHECK(desk.core().state().counters.dropped_encs == 1);
  }
  SUBCASE("the recipient sees the sender's device and its other identity") {
    const Jid to = peer.jid.bare();
    desk.device.say_message("M1", to, {peer.jid});
    const Node* message = peer.wire().last("message");
    REQUIRE(message != nullptr);
    CHECK(message->jid("from") == desk.device.jid);
    CHECK(message->jid("sender_lid")->to_string() == desk.owner.lid());
    CHECK(message->attr_is("notify", "Owner"));
    CHECK(message->child("participants") == nullptr);
    CHECK(message->child("enc")->text() == "cipher for " + peer.jid.to_string());
  }
  SUBCASE("addressed by LID, everything mirrored is LID") {
    const Jid to = *Jid::parse(other_owner.lid());
    desk.device.say_message("M1", to, {to.with_device(peer.jid.device())});
    const Node* message = peer.wire().last("message");
    REQUIRE(message != nullptr);
    CHECK(message->jid("from") == Jid::parse(desk.owner.lid())->with_device(desk.device.jid.device()));
    CHECK(message->jid("sender_pn")->to_string() == desk.owner.pn());
  }
}

TEST_CASE("another own device gets the copy with the chat it belongs to") {
  Linked desk;
  SimulatedContact& contact = desk.contact();
  Companion second(desk, 3);
  second.link(desk.owner);
  const Jid pn = *Jid::parse(contact.pn());
  desk.device.say_message("M1", pn, {pn, second.jid});
  const Node* copy = second.wire().last("message");
  REQUIRE(copy != nullptr);
  CHECK(copy->jid("from") == desk.device.jid);
  CHECK(copy->jid("recipient") == pn);
  CHECK(copy->jid("peer_recipient_lid")->to_string() == contact.lid());
}

TEST_CASE("the same message again is acked the same and delivered to nobody twice") {
  Linked desk;
  Companion peer(desk, 12);
  SimulatedPhone& other_owner = desk.phone();
  peer.link(other_owner);
  desk.device.say_message("M1", peer.jid.bare(), {peer.jid});
  const Node first = *desk.device.wire().last("ack");
  desk.pass(5s);
  desk.device.say_message("M1", peer.jid.bare(), {peer.jid});
  CHECK(*desk.device.wire().last("ack") == first);
  CHECK(desk.device.wire().count("ack") == 2);
  CHECK(peer.wire().count("message") == 1);
  CHECK(desk.core().state().counters.repeated_messages == 1);
}

TEST_CASE("a message to a number that nobody has is refused with 404, one without type with 479") {
  Linked desk;
  desk.device.say_message("M1", Jid{"5511777777777", Server::kUser}, {});
  CHECK(desk.device.wire().last("ack")->attr_is("error", "404"));
  desk.device.say(Node("message").with("id", "M2").with("to", *Jid::parse(desk.owner.pn())));
  CHECK(desk.device.wire().last("ack")->attr_is("error", "479"));
}

TEST_CASE("a retry receipt goes to the sending device alone, its answer to the asking device alone") {
  Linked desk;
  Companion peer(desk, 12);
  SimulatedPhone& other_owner = desk.phone();
  peer.link(other_owner);
  Companion second(desk, 3);
  second.link(desk.owner);
  desk.device.say_message("M1", peer.jid.bare(), {peer.jid});
  peer.say(Node("receipt")
               .with("id", "M1")
               .with("to", desk.device.jid)
               .with("type", "retry")
               .add(Node("retry").with("count", 1).with("id", "M1")));
  const Node* receipt = desk.device.wire().last("receipt");
  REQUIRE(receipt != nullptr);
  CHECK(receipt->attr_is("type", "retry"));
  CHECK(receipt->jid("from") == peer.jid);
  CHECK(receipt->child("retry") != nullptr);
  CHECK(second.wire().count("receipt") == 0);
  CHECK(peer.wire().last("ack")->attr_is("class", "receipt"));

  desk.device.say(Node("message")
                      .with("id", "M1")
                      .with("to", peer.jid)
                      .with("type", "text")
                      .with("device_fanout", "false")
                      .add(Node("enc").with("v", "2").with("type", "msg").with("count", 1).text("again")));
  CHECK(peer.wire().count("message") == 2);
  CHECK(peer.wire().last("message")->child("enc")->attr_is("count", "1"));
  CHECK(second.wire().count("message") == 0);
}

TEST_CASE("a delivery receipt reaches every device of the author") {
  Linked desk;
  Companion second(desk, 3);
  second.link(desk.owner);
  Companion peer(desk, 12);
  peer.link(desk.phone());
  peer.say(Node("receipt").with("id", "M1").with("to", desk.device.jid));
  CHECK(desk.device.wire().last("receipt")->jid("from") == peer.jid);
  CHECK(second.wire().last("receipt")->jid("from") == peer.jid);
}

TEST_CASE(
    "one-time keys are handed out once, then bundles come without; the owner is told when few are left") {
  Linked desk;
  Node list("list");
  base::SeededRandom random(4);
  // The phone takes the first one, to share the keys of app state.
  for (std::uint32_t id = 1; id <= 7; ++id) {
    const auto key = whatsapp::signal::generate_pre_key(id, random);
    list.add_child(one_time_key_node(id, key.keys.public_key));
  }
  const Companion& owner = desk.device;
  desk.device.say(Node("iq")
                      .with("id", "up")
                      .with("xmlns", "encrypt")
                      .with("type", "set")
                      .with("to", Jid::service())
                      .add(Node("registration").bytes(base::ByteView{base::big_endian<4>(7)}))
                      .add(Node("type").bytes(base::Bytes{5}))
                      .add(Node("identity").bytes(base::ByteView{owner.identity.public_key}))
                      .add(std::move(list))
                      .add(signed_key_node(1, owner.signed_key.keys.public_key, owner.signed_key.signature)));
  REQUIRE(desk.device.wire().answer("up")->attr_is("type", "result"));
  desk.device.say(query("n", "encrypt", Node("count")));
  CHECK(desk.device.wire().answer("n")->child("count")->attr_is("value", "7"));
  const std::size_t notices = desk.device.wire().count("notification");

  Companion peer(desk, 12);
  peer.link(desk.phone());
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) {
    const std::string id = "k" + std::to_string(i);
    peer.say(query(id, "encrypt", Node("key").add(Node("user").with("jid", desk.device.jid))));
    const Node* user = peer.wire().answer(id)->child("list")->child("user");
    REQUIRE(user != nullptr);
    CHECK(user->child("device-identity") != nullptr);
    const Node* key = user->child("key");
    ids.push_back(key == nullptr ? "none" : base::to_string(*key->child_bytes("id")));
  }
  CHECK(ids.back() == "none");
  std::ranges::sort(ids);
  CHECK(std::ranges::adjacent_find(ids) == ids.end());
  REQUIRE(desk.device.wire().count("notification") == notices + 1);
  const Node* notice = desk.device.wire().last("notification");
  CHECK(notice->attr_is("type", "encrypt"));
  CHECK(notice->child("count")->attr_is("value", "4"));
  CHECK(notice->jid("from")->is_service());
}

TEST_CASE("an upload with another identity or a bad signature is refused with 406") {
  Linked desk;
  const auto upload = [&](std::string_view id, const crypto::PublicKey& identity,
                          const crypto::Signature& signature) {
    desk.device.say(Node("iq")
                        .with("id", id)
                        .with("xmlns", "encrypt")
                        .with("type", "set")
                        .add(Node("registration").bytes(base::ByteView{base::big_endian<4>(7)}))
                        .add(Node("identity").bytes(base::ByteView{identity}))
                        .add(Node("list"))
                        .add(signed_key_node(1, desk.device.signed_key.keys.public_key, signature)));
    return desk.device.wire().answer(id)->child("error")->number("code");
  };
  crypto::PublicKey foreign = desk.device.identity.public_key;
  foreign[3] ^= 1;
  CHECK(upload("a", foreign, desk.device.signed_key.signature) == 406);
  crypto::Signature bad = desk.device.signed_key.signature;
  bad[3] ^= 1;
  CHECK(upload("b", desk.device.identity.public_key, bad) == 406);
}

TEST_CASE("usync answers devices with key indexes and the LID, numbers with their ninth digit normalised") {
  Linked desk;
  SimulatedContact& contact = desk.contact({{.number = "551187654321"}, 3});
  SUBCASE("devices and lid by PN") {
    desk.device.say(query("u", "usync",
                          Node("usync")
                              .with("sid", "s1")
                              .with("mode", "query")
                              .with("context", "message")
                              .add(Node("query").add(Node("devices").with("version", 2)).add(Node("lid")))
                              .add(Node("list").add(Node("user").with("jid", *Jid::parse(contact.pn()))))));
    const Node* usync = desk.device.wire().answer("u")->child("usync");
    CHECK(usync->attr_is("sid", "s1"));
    const Node* user = usync->child("list")->child("user");
    REQUIRE(user != nullptr);
    CHECK(user->jid("jid")->to_string() == contact.pn());
    CHECK(user->child("lid")->jid("val")->to_string() == contact.lid());
    const auto devices = user->child("devices")->child("device-list")->children("device");
    REQUIRE(devices.size() == 3);
    CHECK_FALSE(devices[0]->has_attr("key-index"));
    CHECK(devices[2]->attr_is("key-index", "2"));
    CHECK(user->child("devices")->child("key-index-list") != nullptr);
  }
  SUBCASE("number check") {
    const auto ask = [](std::string_view number) { return Node("user").add(Node("contact").text(number)); };
    desk.device.say(query("u", "usync",
                          Node("usync")
                              .with("sid", "s1")
                              .with("mode", "query")
                              .with("context", "interactive")
                              .add(Node("query").add(Node("contact").with("addressing_mode", "lid")))
                              .add(Node("list")
                                       .add(ask("+5511987654321"))
                                       .add(ask("+5511000000000"))
                                       .add(ask("12"))
                                       .add(ask("+551187654321")))));
    const auto users = desk.device.wire().answer("u")->child("usync")->child("list")->children("user");
    REQUIRE(users.size() == 3);
    CHECK(users[0]->jid("jid")->to_string() == contact.lid());
    CHECK(users[0]->jid("pn_jid")->to_string() == contact.pn());
    CHECK(users[0]->children("contact").size() == 2);  // both spellings are one account
    CHECK(users[1]->child("contact")->attr_is("type", "out"));
    CHECK(users[2]->attr_is("jid", "undefined"));
  }
}

TEST_CASE("an unknown iq is answered with an empty result and counted") {
  Linked desk;
  desk.device.say(query("x", "no:such:thing", Node("what")));
  CHECK(desk.device.wire().answer("x")->attr_is("type", "result"));
  CHECK(desk.core().state().counters.unknown_iqs == 1);
}

TEST_CASE("an ack with the wrong address is a violation") {
  Linked desk;
  Device& device = *desk.core().directory().device(desk.device.jid);
  desk.core().delivery().deliver(
      device, Node("notification").with("id", "n").with("from", Jid{"5511900000001", Server::kUser}));
  desk.device.say(ack(*desk.device.wire().last("notification")));
  CHECK(desk.core().state().violations.empty());
  desk.core().delivery().deliver(
      device, Node("notification").with("id", "n2").with("from", Jid{"5511900000001", Server::kUser}));
  desk.device.say(Node("ack").with("class", "notification").with("id", "n2").with("to", Jid::service()));
  REQUIRE(desk.core().state().violations.size() == 1);
  CHECK(desk.core().state().violations[0].what == "ack_mismatch");
}

TEST_CASE("faults of acks happen as often as told") {
  Linked desk;
  SimulatedContact& contact = desk.contact();
  const Jid to = *Jid::parse(contact.pn());
  const auto inject = [&](Fault fault) { REQUIRE(desk.world.inject(desk.device.jid.to_string(), fault)); };
  const auto acks = [&](std::string_view id) {
    return std::ranges::count_if(desk.device.wire().stanzas, [&](const Node& stanza) {
      return stanza.tag() == "ack" && stanza.attr_is("id", id);
    });
  };
  SUBCASE("dropped") {
    inject({.kind = Fault::Kind::kDropAck, .count = 2});
    for (const char* id : {"1", "2", "3"}) desk.device.say_message(id, to, {to});
    CHECK(acks("1") == 0);
    CHECK(acks("2") == 0);
    CHECK(acks("3") == 1);
  }
  SUBCASE("delayed") {
    inject({.kind = Fault::Kind::kDelayAck, .delay = 3s});
    desk.device.say_message("1", to, {to});
    CHECK(acks("1") == 0);
    desk.pass(3s);
    CHECK(acks("1") == 1);
  }
  SUBCASE("refused") {
    inject({.kind = Fault::Kind::kAckError, .code = 463});
    desk.device.say_message("1", to, {to});
    CHECK(desk.device.wire().last("ack")->attr_is("error", "463"));
    CHECK(desk.core().state().counters.messages == 0);
  }
  SUBCASE("twice") {
    inject({.kind = Fault::Kind::kDoubleAck});
    desk.device.say_message("1", to, {to});
    CHECK(acks("1") == 2);
  }
  SUBCASE("closed instead") {
    inject({.kind = Fault::Kind::kCloseBeforeAck});
    desk.device.say_message("1", to, {to});
    CHECK(acks("1") == 0);
    CHECK(desk.device.wire().closed);
    CHECK(desk.core().state().counters.messages == 1);
  }
}

TEST_CASE("faults of connections") {
  Linked desk;
  const std::string jid = desk.device.jid.to_string();
  SUBCASE("a stream error with its conflict, then the end") {
    REQUIRE(desk.world.inject(jid, {.kind = Fault::Kind::kStreamError, .code = 503}));
    CHECK(desk.device.wire().last("stream:error")->attr_is("code", "503"));
    CHECK(desk.device.wire().closed);
  }
  SUBCASE("a failure at the next login, once") {
    REQUIRE(desk.world.inject(jid, {.kind = Fault::Kind::kFailLogin, .code = 403}));
    desk.device.log_in();
    CHECK(desk.device.wire().first("failure")->attr_is("reason", "403"));
    desk.device.log_in();
    CHECK(desk.device.wire().first("success") != nullptr);
  }
  SUBCASE("half open: hears, says nothing") {
    REQUIRE(desk.world.inject(jid, {.kind = Fault::Kind::kHalfOpen}));
    const std::size_t before = desk.device.wire().stanzas.size();
    desk.device.say(query("p", "w:p", Node("ping")));
    CHECK(desk.device.wire().stanzas.size() == before);
    REQUIRE(desk.world.inject(jid, {.kind = Fault::Kind::kResume}));
    desk.device.say(query("p", "w:p", Node("ping")));
    CHECK(desk.device.wire().answer("p") != nullptr);
  }
  SUBCASE("iqs of one xmlns are refused") {
    REQUIRE(desk.world.inject(jid, {.kind = Fault::Kind::kIqError, .code = 429, .text = "usync"}));
    desk.device.say(query("a", "abt", Node("props")));
    CHECK(desk.device.wire().answer("a")->attr_is("type", "result"));
    desk.device.say(query("b", "usync", Node("usync")));
    CHECK(desk.device.wire().answer("b")->child("error")->attr_is("code", "429"));
  }
}

TEST_CASE("the same ratchet key and counter with another ciphertext is a violation, the same bytes are not") {
  CipherWatch watch;
  base::SeededRandom random(8);
  const auto key = crypto::generate_key_pair(random).public_key;
  const auto wire = [&](std::uint32_t counter, std::uint8_t fill) {
    base::Bytes bytes = whatsapp::signal::encode_signal_message(key, counter, 0, base::Bytes(16, fill));
    bytes.resize(bytes.size() + whatsapp::signal::kMacSize);
    return bytes;
  };
  CHECK(watch.note("msg", wire(0, 1)) == CipherWatch::Verdict::kFresh);
  CHECK(watch.note("msg", wire(0, 1)) == CipherWatch::Verdict::kRepeated);
  CHECK(watch.note("msg", wire(1, 1)) == CipherWatch::Verdict::kFresh);
  CHECK(watch.note("msg", wire(0, 2)) == CipherWatch::Verdict::kReused);
  CHECK(watch.note("msg", base::Bytes(5, 0)) == CipherWatch::Verdict::kUnreadable);
}

}  // namespace
}  // namespace simulator
