#include "whatsapp/client/acks.h"

#include <doctest/doctest.h>

#include <vector>

using namespace whatsapp;
using binary::Jid;
using binary::Node;

TEST_CASE("acks copy the addressing of the stanza, device parts included, and the type where it belongs") {
  const Jid from = *Jid::parse("120363@g.us");
  const Jid participant = *Jid::parse("1:3@lid");
  const Jid recipient = *Jid::parse("2@lid");
  const auto stanza = [&](std::string_view tag) {
    return Node(tag)
        .with("id", "ID")
        .with("from", from)
        .with("participant", participant)
        .with("recipient", recipient)
        .with("type", "t")
        .with("t", "17");
  };
  struct Case {
    std::string_view tag;
    std::optional<std::string> type;
  };
  const std::vector<Case> cases{
      {"message", std::nullopt}, {"receipt", "t"}, {"notification", "t"}, {"surprise", std::nullopt}};
  for (const Case& one : cases) {
    CAPTURE(one.tag);
    const Node ack = ack_for(stanza(one.tag));
    CHECK(ack.attr("class") == std::string{one.tag});
    CHECK(ack.attr("id") == "ID");
    CHECK(ack.jid("to") == from);
    CHECK(ack.jid("participant") == participant);
    CHECK(ack.jid("recipient") == recipient);
    CHECK(ack.attr("type") == one.type);
    CHECK_FALSE(ack.has_attr("error"));
    CHECK_FALSE(ack.has_attr("t"));
  }
  CHECK(ack_for(stanza("call").add(Node("offer"))).attr("type") == "offer");
  CHECK(ack_for(stanza("message"), Refusal::kInvalidProtobuf).attr("error") == "491");
}

TEST_CASE("an id that came as a JID token goes back as one") {
  Node stanza("message");
  stanza.set("id", *Jid::parse("a@s.whatsapp.net"));
  stanza.set("from", *Jid::parse("1@lid"));
  CHECK(std::holds_alternative<Jid>(*ack_for(stanza).find("id")));
}

TEST_CASE("receipts go where the message came from, those to peers to our own account") {
  const Node message = Node("message").with("id", "ID").with("from", *Jid::parse("1:3@lid"));
  CHECK(receipt_for(message, ReceiptType::kDelivered).attr("to") == "1:3@lid");
  CHECK_FALSE(receipt_for(message, ReceiptType::kDelivered).has_attr("type"));
  CHECK(receipt_for(message, ReceiptType::kSender).attr("type") == "sender");
  CHECK(receipt_for(message, ReceiptType::kInactive).attr("type") == "inactive");
  CHECK(receipt_for(message, ReceiptType::kPeerMessage).attr("to") == "1@lid");
  CHECK(receipt_for(message, ReceiptType::kHistorySync).attr("type") == "hist_sync");
}

TEST_CASE("only stanzas of the server's queue want an answer") {
  for (const char* tag : {"ack", "iq", "presence", "chatstate", "ib", "success", "failure", "stream:error"}) {
    CAPTURE(tag);
    CHECK_FALSE(wants_answer(Node(tag).with("id", "1").with("from", *Jid::parse("1@lid"))));
  }
  CHECK(wants_answer(Node("message").with("id", "1").with("from", *Jid::parse("1@lid"))));
  CHECK_FALSE(wants_answer(Node("message").with("id", "1")));
}
