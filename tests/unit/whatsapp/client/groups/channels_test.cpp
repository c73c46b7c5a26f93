// Posts of channels in and out, and what can be done with channels.
#include "whatsapp/client/groups/channels.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/message/content.h"
#include "whatsapp/message/content_builder.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

Jid channel() { return Jid{"120363000000000777", binary::Server::kNewsletter}; }

base::Bytes text(const std::string& body) {
  const message::OutgoingContent content = message::OutgoingText{.body = body};
  return message::build_message(content, {}, {}).value();
}

Node post(const std::string& id, const std::string& body) {
  return Node("message")
      .with("id", std::string{id})
      .with("from", channel())
      .with("server_id", "101")
      .with("t", "1760000000")
      .with("type", "text")
      .add(Node("plaintext").bytes(text(body)));
}

Node mex_answer(const std::string& json) {
  return Node("iq").with("type", "result").add(Node("result").text(json));
}

template <class Content>
OutgoingMessage to_channel(const std::string& id, Content content) {
  OutgoingMessage out;
  out.to = channel();
  out.id = id;
  out.content = std::move(content);
  return out;
}

}  // namespace

TEST_CASE("Q10: a post is taken in once and acked; no receipt ever goes out for it") {
  DeskBench bench;
  bench.give(bench.alice, post("P1", "news"));
  bench.give(bench.alice, post("P1", "news"));
  REQUIRE(bench.alice.sink.events.size() == 1);
  CHECK(bench.alice.sink.events[0].chat == channel().to_string());
  CHECK(bench.alice.sink.events[0].body == "news");
  CHECK(bench.alice.sink.events[0].kind == "text");
  CHECK(bench.alice.answers_given["message P1"] == 2);
  CHECK(bench.alice.sent_with_tag("receipt").empty());
}

TEST_CASE("an edited post and a deleted one say which post they are about") {
  DeskBench bench;
  bench.give(bench.alice, post("P1", "news"));
  Node edited = post("P1", "better news");
  edited.set("edit", "3");
  edited.add_child(Node("meta").with("msg_edit_t", "1760000100000"));
  bench.give(bench.alice, edited);
  Node deleted = Node("message")
                     .with("id", "P1")
                     .with("from", channel())
                     .with("edit", "8")
                     .with("t", "1760000200")
                     .add(Node("plaintext"));
  bench.give(bench.alice, deleted);
  REQUIRE(bench.alice.sink.events.size() == 3);
  CHECK(bench.alice.sink.events[1].kind == "edit");
  CHECK(bench.alice.sink.events[1].body == "better news");
  CHECK(bench.alice.sink.events[2].kind == "revoke");
  CHECK(bench.alice.sent_with_tag("receipt").empty());
}

TEST_CASE("a post that cannot be read is acked and forgotten; reactions and counters are no posts") {
  DeskBench bench;
  Node bad =
      Node("message").with("id", "P1").with("from", channel()).add(Node("plaintext").text("\xFF\xFF\xFF"));
  bench.give(bench.alice, bad);
  bench.give(bench.alice, Node("message").with("id", "P2").with("from", channel()).add(Node("reactions")));
  CHECK(bench.alice.sink.events.empty());
  CHECK(bench.alice.answers_given["message P1"] == 1);
  CHECK(bench.alice.answers_given["message P2"] == 1);
}

TEST_CASE("every post of a notification comes in, and those that were seen do not come again") {
  DeskBench bench;
  bench.give(bench.alice, post("P1", "one"));
  Node messages("messages");
  for (const char* id : {"P1", "P2", "P3"}) {
    Node message = post(id, id);
    messages.add_child(std::move(message));
  }
  bench.give(bench.alice, Node("notification")
                              .with("id", "N1")
                              .with("from", channel())
                              .with("type", "newsletter")
                              .add(Node("live_updates").add(std::move(messages))));
  REQUIRE(bench.alice.sink.events.size() == 3);
  CHECK(bench.alice.sink.events[1].body == "P2");
  CHECK(bench.alice.answers_given["notification N1"] == 1);
}

TEST_CASE("posting: plain content in one stanza; an edit and a deletion keep the id of the post") {
  DeskBench bench;
  bench.server.on_ack = [](const Node&, Node plain) {
    plain.set("server_id", "202");
    return std::optional<Node>{plain};
  };
  auto sent = bench.run(
      bench.alice.desk->send(to_channel("P1", message::OutgoingText{.body = "hello"}), bench.journal));
  REQUIRE(sent);
  CHECK(sent->to == channel());
  Node stanza = bench.alice.sent_with_tag("message").back();
  CHECK(stanza.attr("to") == channel().to_string());
  CHECK(stanza.attr("type") == "text");
  CHECK(message::read_message(*stanza.child_bytes("plaintext"))->content.text == "hello");
  CHECK(stanza.child("participants") == nullptr);
  CHECK(stanza.child("enc") == nullptr);

  const message::TargetMessage target{"P1", "", message::TargetMessage::From::kMe};
  REQUIRE(bench.run(bench.alice.desk->send(
      to_channel("P2", message::OutgoingEdit{.target = target, .body = "better"}), bench.journal)));
  stanza = bench.alice.sent_with_tag("message").back();
  CHECK(stanza.attr("id") == "P1");
  CHECK(stanza.attr("edit") == "3");
  CHECK(message::read_message(*stanza.child_bytes("plaintext"))->content.text == "better");

  REQUIRE(bench.run(
      bench.alice.desk->send(to_channel("P3", message::OutgoingRevoke{.target = target}), bench.journal)));
  stanza = bench.alice.sent_with_tag("message").back();
  CHECK(stanza.attr("id") == "P1");
  CHECK(stanza.attr("edit") == "8");

  REQUIRE(bench.run(bench.alice.desk->send(
      to_channel("P4", message::OutgoingReaction{.target = target, .emoji = "+"}), bench.journal)));
  stanza = bench.alice.sent_with_tag("message").back();
  CHECK(stanza.attr("server_id") == "202");
  CHECK(stanza.child("reaction")->attr("code") == "+");

  const message::TargetMessage unknown{"NEVER", "", message::TargetMessage::From::kThem};
  const auto failed = bench.run(bench.alice.desk->send(
      to_channel("P5", message::OutgoingReaction{.target = unknown, .emoji = "+"}), bench.journal));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == base::ErrorCode::kNotFound);
  CHECK(bench.alice.sent_with_tag("receipt").empty());
}

TEST_CASE("a post whose ack never came goes out again byte for byte") {
  DeskBench bench;
  bench.server.on_ack = [](const Node&, Node) { return std::optional<Node>{}; };
  bench.start_text(bench.alice, channel(), "P1", "hello");
  bench.settle();
  bench.disconnect(bench.alice);
  bench.alice.connect();
  bench.server.on_ack = nullptr;
  const auto sent = bench.run(bench.alice.desk->resend("P1", bench.journal.stanza));
  REQUIRE(sent);
  CHECK(sent->to == channel());
  CHECK(bench.alice.written[0] == bench.alice.written[1]);
}

TEST_CASE("channels are looked up, followed and left") {
  DeskBench bench;
  std::vector<Node> asked;
  std::string answer =
      R"({"data":{"xwa2_newsletter":{"id":"120363000000000777@newsletter","state":{"type":"ACTIVE"},
      "thread_metadata":{"name":{"text":"News"},"description":{"text":"d"},"invite":"CODE",
      "subscribers_count":"12","creation_time":"1700000000"},"viewer_metadata":{"role":"SUBSCRIBER"}}}})";
  bench.server.on_query = [&](const Node& iq) -> std::optional<Node> {
    if (!iq.attr_is("xmlns", "w:mex")) return std::nullopt;
    asked.push_back(iq);
    return mex_answer(answer);
  };
  Channels& channels = bench.alice.desk->channels();
  const auto info = bench.run(channels.info(channel()));
  REQUIRE(info);
  CHECK(info->name == "News");
  CHECK(info->followers == 12);
  CHECK(info->role == ChannelInfo::Role::kFollower);
  CHECK(bench.run(channels.info_by_invite("https://whatsapp.com/channel/CODE?x=y")));
  CHECK(asked.back().child("query")->text().find("\"CODE\"") != std::string_view::npos);

  answer = R"({"data":{"xwa2_newsletter_join_v2":{"id":"x"}}})";
  CHECK(bench.run(channels.follow(channel())));
  answer = R"({"data":null,"errors":[{"message":"no","extensions":{"error_code":404}}]})";
  const auto refused = bench.run(channels.unfollow(channel()));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == 404);
  answer = "not json";
  CHECK_FALSE(bench.run(channels.info(channel())));
  CHECK_FALSE(bench.run(channels.follow(pn_jid("15550002222"))));
}

TEST_CASE("that we follow a channel, or do not any more, is told") {
  DeskBench bench;
  bench.give(
      bench.alice,
      Node("notification")
          .with("id", "N1")
          .with("from", Jid::service())
          .with("type", "mex")
          .with("t", "1760000000")
          .add(Node("update").text(
              R"({"data":{"xwa2_notify_newsletter_on_join":{"id":"120363000000000777@newsletter"}}})")));
  REQUIRE(bench.alice.sink.happened.size() == 1);
  const auto& change = std::get<AccountChange>(bench.alice.sink.happened[0]);
  CHECK(change.what == "channel_followed");
  CHECK(change.jids.at(0) == channel());
}
