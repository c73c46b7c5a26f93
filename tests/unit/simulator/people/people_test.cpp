#include <doctest/doctest.h>

#include "../recorder.h"
#include "simulator/virtual_device.h"
#include "whatsapp/message/content_builder.h"

namespace simulator {
namespace {

/// A linked client and a contact.
struct Pair {
  Pair() { companion.link(phone); }
  void contact_says(Node stanza) {
    REQUIRE(contact.send_stanza(std::move(stanza)));
    desk.settle();
  }
  std::string error_of_message(std::string_view id, Node extra = Node("meta")) {
    companion.say(Node("message")
                      .with("id", id)
                      .with("to", *Jid::parse(contact.lid()))
                      .with("type", "text")
                      .add(std::move(extra)));
    return companion.wire().last("ack")->attr("error").value_or("");
  }

  Desk desk;
  SimulatedPhone& phone = desk.phone();
  SimulatedContact& contact = desk.contact();
  Companion companion{desk};
};

TEST_CASE("presence is shown to who watches and is there, at once and at every change") {
  Pair pair;
  const Jid watched = *Jid::parse(pair.contact.lid());
  pair.companion.say(Node("presence").with("type", "available").with("name", "Me"));
  pair.companion.say(Node("presence").with("type", "subscribe").with("to", watched));
  CHECK(pair.companion.wire().last("presence")->attr_is("type", "unavailable"));
  pair.contact_says(Node("presence").with("type", "available"));
  CHECK(pair.companion.wire().last("presence")->attr_is("type", "available"));
  pair.companion.say(Node("presence").with("type", "unavailable"));
  pair.contact_says(Node("presence").with("type", "unavailable"));
  CHECK(pair.companion.wire().last("presence")->attr_is("type", "available"));
}

TEST_CASE("typing in a group reaches its members with who types") {
  Pair pair;
  const auto group =
      pair.desk.world.create_group("team", Addressing::kLid, {pair.contact.pn(), pair.phone.pn()});
  pair.companion.say(Node("presence").with("type", "available"));
  pair.contact_says(Node("chatstate").with("to", *group).add(Node("composing")));
  const Node* typing = pair.companion.wire().last("chatstate");
  REQUIRE(typing != nullptr);
  CHECK(typing->attr_is("from", group->to_string()));
  CHECK(typing->attr_is("participant", pair.contact.lid()));
}

TEST_CASE("a call rings until it is answered for, and one that ended does not ring later") {
  Pair pair;
  const Jid to = *Jid::parse(pair.phone.lid());
  const auto call = [&](std::string_view id, std::string_view signal) {
    return Node("call").with("to", to).with("id", id).add(Node(signal).with("call-id", "C1"));
  };
  pair.contact_says(call("1", "offer"));
  REQUIRE(pair.companion.wire().last("call") != nullptr);
  CHECK(pair.companion.wire().last("call")->child("offer")->attr_is("caller_pn", pair.contact.pn()));
  Device& device = *pair.desk.core().directory().device(pair.companion.jid);
  CHECK(device.outbox.size() == 1);
  pair.companion.say(Node("receipt").with("id", "1").with("to", to).add(Node("offer").with("call-id", "C1")));
  CHECK(device.outbox.empty());
  pair.desk.core().closed(pair.companion.session);
  pair.contact_says(call("2", "offer"));
  pair.contact_says(call("3", "terminate"));
  REQUIRE(device.outbox.size() == 1);
  CHECK(device.outbox.entries().front().stanza.child("terminate") != nullptr);
}

TEST_CASE("strangers need a token where the server wants one; who was written to is none") {
  Pair pair;
  pair.desk.core().state().settings.strangers = Strangers::kNeedToken;
  CHECK(pair.error_of_message("M1") == "463");
  CHECK(pair.error_of_message("M2", Node("tctoken").text("a made-up one")) == "463");
  pair.desk.core().tokens().issue(pair.contact.account(), pair.phone.account());
  pair.desk.settle();
  const Node* notice = pair.companion.wire().last("notification");
  REQUIRE(notice != nullptr);
  REQUIRE(notice->attr_is("type", "privacy_token"));
  const base::ByteView secret = notice->child("tokens")->child("token")->bytes();
  CHECK(pair.error_of_message("M3", Node("tctoken").bytes(secret)).empty());
  REQUIRE(pair.contact.send_text(pair.phone.lid(), "hello"));
  pair.desk.settle();
  CHECK(pair.error_of_message("M4").empty());
}

TEST_CASE("a new about text is told to acquaintances and found by usync") {
  Pair pair;
  REQUIRE(pair.contact.send_text(pair.phone.lid(), "hello"));
  pair.desk.settle();
  pair.desk.core().profiles().set_about(pair.contact.account(), "at the sea");
  const Node* notice = pair.companion.wire().last("notification");
  REQUIRE(notice != nullptr);
  CHECK(notice->attr_is("type", "status"));
  CHECK(notice->child("set")->text() == "at the sea");
}

TEST_CASE("who is blocked is heard no more, and other devices learn of the block") {
  Pair pair;
  Companion second(pair.desk, 7);
  second.link(pair.phone);
  pair.companion.say(
      Node("iq")
          .with("id", "B1")
          .with("to", Jid::service())
          .with("type", "set")
          .with("xmlns", "blocklist")
          .add(Node("item").with("action", "block").with("jid", *Jid::parse(pair.contact.lid()))));
  const Node* answer = pair.companion.wire().answer("B1");
  REQUIRE(answer != nullptr);
  CHECK(answer->child("list")->children("item").size() == 1);
  CHECK(second.wire().last("notification")->child("blocklist") != nullptr);
  REQUIRE(pair.contact.send_text(pair.phone.lid(), "hello?"));
  pair.desk.settle();
  CHECK(pair.phone.received().empty());
}

TEST_CASE("a status reaches its audience and nobody else, and can be answered with a receipt") {
  Desk desk;
  SimulatedContact& ann = desk.contact();
  SimulatedContact& ben = desk.contact();
  SimulatedContact& carl = desk.contact();
  OutgoingMessage status;
  status.to = "status@broadcast";
  whatsapp::message::TextContent text;
  text.body = "a fine day";
  status.content = whatsapp::message::build_text(text, {});
  status.audience = {ben.lid()};
  const auto id = ann.send(status);
  REQUIRE(id);
  desk.settle();
  REQUIRE(ben.received().size() == 1);
  CHECK(ben.received()[0].chat == "status@broadcast");
  CHECK(ben.received()[0].cipher == "skmsg");
  CHECK(carl.received().empty());
  CHECK(ann.receipts_for(*id) == std::vector<std::string>{""});
}

TEST_CASE("a message to a list is a message of the sender's to each of its readers") {
  Desk desk;
  SimulatedContact& ann = desk.contact({{}, 2});
  SimulatedContact& ben = desk.contact();
  OutgoingMessage message;
  message.to = "1234567@broadcast";
  whatsapp::message::TextContent text;
  text.body = "to all of you";
  message.content = whatsapp::message::build_text(text, {});
  message.audience = {ben.lid()};
  REQUIRE(ann.send(message));
  desk.settle();
  REQUIRE(ben.received().size() == 1);
  CHECK(ben.received()[0].cipher == "pkmsg");
  CHECK(ann.received().size() == 1);  // the companion's copy
}

TEST_CASE("a device that comes is told to acquaintances and gets the group's key") {
  Desk desk;
  SimulatedContact& ann = desk.contact();
  SimulatedContact& ben = desk.contact();
  const auto group = desk.world.create_group("team", Addressing::kLid, {ann.pn(), ben.pn()});
  REQUIRE(ann.send_text(group->to_string(), "first"));
  desk.settle();
  REQUIRE(ben.link_device());
  REQUIRE(ann.send_text(group->to_string(), "second"));
  desk.settle();
  CHECK(std::ranges::count(ben.received(), "second", &ReceivedMessage::text) == 2);
  REQUIRE(ben.unlink_device(1));
  const std::uint64_t shares = desk.core().state().counters.sender_key_shares;
  REQUIRE(ann.send_text(group->to_string(), "third"));
  desk.settle();
  CHECK(desk.core().state().counters.sender_key_shares == shares + 1);  // a new key, for the phone
}

TEST_CASE("a hidden LID is not told; a changed one leads to the same person") {
  Pair pair;
  pair.contact.account().lid_state = Account::LidState::kHidden;
  const auto ask = [&](std::string_view id) {
    pair.companion.say(
        Node("iq")
            .with("id", id)
            .with("to", Jid::service())
            .with("type", "get")
            .with("xmlns", "usync")
            .add(Node("usync")
                     .add(Node("query").add(Node("lid")))
                     .add(Node("list").add(Node("user").with("jid", *Jid::parse(pair.contact.pn()))))));
    return pair.companion.wire().answer(id)->child("usync")->child("list")->child("user")->child("lid");
  };
  CHECK(ask("U1") == nullptr);
  pair.contact.account().lid_state = Account::LidState::kKnown;
  const std::string before = pair.contact.lid();
  pair.desk.core().directory().change_lid(pair.contact.account());
  CHECK(ask("U2")->attr_is("val", pair.contact.lid()));
  CHECK(pair.desk.core().directory().account(*Jid::parse(before)) == nullptr);
}

TEST_CASE("what a client must ask for again is said at every login until it is cleaned") {
  Pair pair;
  Device& device = *pair.desk.core().directory().device(pair.companion.jid);
  device.dirty["groups"] = 1;
  pair.desk.core().closed(pair.companion.session);
  pair.companion.log_in();
  const Node* info = pair.companion.wire().first("ib");
  REQUIRE(info != nullptr);
  CHECK(info->child("dirty")->attr_is("type", "groups"));
  pair.companion.say(Node("iq")
                         .with("id", "D1")
                         .with("to", Jid::service())
                         .with("type", "set")
                         .with("xmlns", "urn:xmpp:whatsapp:dirty")
                         .add(Node("clean").with("type", "groups").with("timestamp", 1)));
  CHECK(device.dirty.empty());
}

}  // namespace
}  // namespace simulator
