#include "whatsapp/client/message_source.h"

#include <doctest/doctest.h>

#include "whatsapp/client/addresses.h"

using namespace whatsapp;
using binary::Jid;
using binary::Node;
using Route = MessageSource::Route;

namespace {

const Self kSelf{pn_jid("15550001111", 1), lid_jid("100000000000001", 1), "me"};

Jid jid(const char* text) { return *Jid::parse(text); }

Node message(const char* from) {
  return Node("message").with("id", "ID").with("from", jid(from)).with("t", "17").with("notify", "Bob");
}

MessageSource read(const Node& node) {
  const auto source = read_message_source(node, kSelf);
  REQUIRE(source);
  return *source;
}

}  // namespace

TEST_CASE("a direct message is from its sender's device; the other form gets the same device") {
  const auto source = read(message("2:7@lid").with("sender_pn", jid("15550002222@s.whatsapp.net")));
  CHECK(source.chat == jid("2@lid"));
  CHECK(source.sender == jid("2:7@lid"));
  CHECK(source.sender_other_form == jid("15550002222:7@s.whatsapp.net"));
  REQUIRE(source.pairs.size() == 1);
  CHECK(source.pairs[0].pn_user == "15550002222");
  CHECK(source.pairs[0].lid_user == "2");
  CHECK_FALSE(source.is_own());
  CHECK(source.timestamp == 17);
  CHECK(source.push_name == "Bob");
}

TEST_CASE("a copy from our own device, under number or LID, belongs to the recipient's chat") {
  for (const char* from : {"15550001111@s.whatsapp.net", "100000000000001@lid"}) {
    const auto source = read(
        message(from).with("recipient", jid("2@lid")).with("peer_recipient_pn", jid("3@s.whatsapp.net")));
    CHECK(source.is_own());
    CHECK(source.chat == jid("2@lid"));
    REQUIRE(source.pairs.size() == 1);
    CHECK(source.pairs[0].pn_user == "3");
  }
  const auto bare = read(message("15550001111@s.whatsapp.net"));
  CHECK_FALSE(bare.chat_is_known);
  CHECK(read(message("15550001111@s.whatsapp.net").with("category", "peer")).route == Route::kPeer);
}

TEST_CASE("in a group the participant is the sender, and may be ourselves") {
  const auto source = read(message("9@g.us")
                               .with("participant", jid("2:3@lid"))
                               .with("participant_pn", jid("15550002222@s.whatsapp.net")));
  CHECK(source.route == Route::kShared);
  CHECK(source.chat == jid("9@g.us"));
  CHECK(source.sender == jid("2:3@lid"));
  CHECK(source.sender_key_chat == "9@g.us");
  CHECK(source.pairs.size() == 1);
  CHECK(read(message("9@g.us").with("participant", jid("100000000000001@lid"))).is_own());
  CHECK_FALSE(read_message_source(message("9@g.us"), kSelf));
}

TEST_CASE("an alternate form that is none is ignored") {
  CHECK(read(message("2@lid").with("sender_pn", jid("3@lid"))).pairs.empty());
  CHECK(read(message("2@lid").with("sender_pn", jid("9@g.us"))).pairs.empty());
}

TEST_CASE("what has no usable id or sender is malformed") {
  CHECK_FALSE(read_message_source(Node("message").with("from", jid("2@lid")), kSelf));
  CHECK_FALSE(read_message_source(Node("message").with("id", "").with("from", jid("2@lid")), kSelf));
  CHECK_FALSE(read_message_source(Node("message").with("id", "1"), kSelf));
  CHECK_FALSE(read_message_source(Node("message").with("id", "1").with("from", Jid::service()), kSelf));
}
