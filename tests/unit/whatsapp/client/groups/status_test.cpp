// The status feed, both ways.
#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/client/sync/account_book.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

/// The test's server brings status posts to those who are named.
struct Feed : DeskBench {
  Feed() {
    server.on_stanza = [this](Party& from, const Node& stanza) { return take(from, stanza); };
    server.on_query = [this](const Node& iq) -> std::optional<Node> {
      if (!iq.attr_is("xmlns", "status")) return std::nullopt;
      return Node("iq").with("type", "result").add(privacy);
    };
  }
  bool take(Party& from, const Node& stanza) {
    if (stanza.tag() != "message" || stanza.jid("to") != Jid::status()) return false;
    if (const Node* participants = stanza.child("participants"))
      for (Party* party : server.parties) {
        if (party == &from) continue;
        Node copy = Node("message")
                        .with("id", *stanza.attr("id"))
                        .with("from", Jid::status())
                        .with("participant", from.lid())
                        .with("participant_pn", from.pn().bare())
                        .with("addressing_mode", "lid")
                        .with("type", "text")
                        .with("t", "1760000000");
        for (const Node* to : participants->children("to"))
          if (server.device(*to->jid("jid")) == party && to->child("enc") != nullptr)
            copy.add_child(*to->child("enc"));
        copy.add_child(*stanza.child("enc"));
        if (copy.children().size() > 1) server.deliver(*party, copy);
      }
    server.acknowledge(from, stanza);
    return true;
  }
  base::Result<SendOutcome> publish(const std::string& id, std::vector<Jid> audience) {
    OutgoingMessage out = text(Jid::status(), id, id);
    out.audience = std::move(audience);
    auto outcome = run(alice.desk->send(out, journal));
    settle();
    return outcome;
  }
  Node posted() { return alice.sent_with_tag("message").back(); }

  Node privacy = Node("privacy").add(Node("list").with("type", "contacts").with("default", "true"));
};

}  // namespace

TEST_CASE("a status goes to the people given, by LID, and comes in as a message of the feed") {
  Feed feed;
  REQUIRE(feed.publish("S1", {pn_jid("15550002222")}));
  const Node stanza = feed.posted();
  CHECK(stanza.attr("addressing_mode") == "lid");
  CHECK(stanza.child("meta")->attr("status_setting") == "contacts");
  CHECK(stanza.child("enc")->attr("type") == "skmsg");
  REQUIRE(feed.bob.sink.events.size() == 1);
  CHECK(feed.bob.sink.events[0].chat == "status@broadcast");
  CHECK(feed.bob.sink.events[0].sender == "100000000000001@lid");
  CHECK(feed.bob.sink.events[0].body == "S1");
  CHECK(feed.alice_phone.sink.events.size() == 1);
  CHECK(feed.bob.answers_given["message S1"] == 1);

  // Who has the key is named all the same: the server brings the post to nobody else.
  REQUIRE(feed.publish("S2", {pn_jid("15550002222")}));
  const Node second = feed.posted();
  const auto named = second.child("participants")->children();
  REQUIRE(named.size() == 1);
  CHECK(named[0].attr("jid") == "200000000000002@lid");
  CHECK(named[0].child("enc") == nullptr);
}

TEST_CASE("without people given, the account's own setting says who may see it") {
  Feed feed;
  const auto nobody = feed.publish("S0", {});
  REQUIRE_FALSE(nobody);
  CHECK(nobody.error().code == base::ErrorCode::kInvalidArgument);

  ContactFacts friendly;
  friendly.in_address_book = true;
  store::Changes changes;
  changes.records.push_back(
      {std::string{kContactRecords}, "200000000000002@lid", write_contact_record(friendly), 0});
  changes.records.push_back({std::string{kContactRecords}, "900000000000009@lid",
                             write_contact_record(ContactFacts{.push_name = "a stranger"}), 0});
  REQUIRE(feed.alice.memory->commit(changes));
  REQUIRE(feed.publish("S1", {}));
  CHECK(feed.bob.sink.events.size() == 1);
  const Node first = feed.posted();
  for (const Node& to : first.child("participants")->children())
    CHECK(to.jid("jid")->user() != "900000000000009");

  feed.privacy = Node("privacy").add(Node("list")
                                         .with("type", "blacklist")
                                         .with("default", "true")
                                         .add(Node("user").with("jid", lid_jid("200000000000002"))));
  CHECK_FALSE(feed.publish("S2", {}));
  feed.privacy = Node("privacy").add(Node("list")
                                         .with("type", "whitelist")
                                         .with("default", "true")
                                         .add(Node("user").with("jid", pn_jid("15550002222"))));
  REQUIRE(feed.publish("S3", {}));
  CHECK(feed.posted().child("meta")->attr("status_setting") == "allowlist");
}

TEST_CASE("only a viewer gets a status again") {
  Feed feed;
  REQUIRE(feed.publish("S1", {pn_jid("15550002222")}));
  const auto retry = [&](const Jid& who) {
    return Node("receipt")
        .with("id", "S1")
        .with("from", Jid::status())
        .with("participant", who)
        .with("type", "retry")
        .add(Node("retry").with("count", "1").with("id", "S1").with("v", "1"));
  };
  const auto sent = feed.alice.sent_with_tag("message").size();
  feed.give(feed.alice, retry(lid_jid("900000000000009")));
  CHECK(feed.alice.sent_with_tag("message").size() == sent);
  feed.server.on_stanza = [](Party&, const Node& stanza) { return stanza.tag() == "message"; };
  feed.give(feed.alice, retry(feed.bob.lid()));
  REQUIRE(feed.alice.sent_with_tag("message").size() == sent + 1);
  CHECK(feed.posted().attr("participant") == feed.bob.lid().to_string());
  CHECK(feed.posted().child("meta")->attr("status_setting") == "contacts");
}

TEST_CASE(
    "a status that nobody can see any more is acked unread; a broadcast list is a talk with its owner") {
  Feed feed;
  feed.give(feed.bob, Node("message")
                          .with("id", "OLD")
                          .with("from", Jid::status())
                          .with("participant", feed.alice.lid())
                          .with("t", "1759900000")
                          .add(Node("enc").with("v", "2").with("type", "skmsg").text("whatever")));
  CHECK(feed.bob.answers_given["message OLD"] == 1);
  CHECK(feed.bob.receipts("retry").empty());
  const Self self{feed.alice.pn(), feed.alice.lid(), ""};
  const Node list = Node("message")
                        .with("id", "L")
                        .with("from", Jid{"77", binary::Server::kBroadcast})
                        .with("participant", feed.bob.lid());
  CHECK(read_message_source(list, self)->chat == feed.bob.lid().bare());
  Node own = list;
  own.set("participant", feed.alice_phone.lid());
  CHECK(read_message_source(own, self)->chat.to_string() == "77@broadcast");
}
