#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "../recorder.h"
#include "whatsapp/message/content_builder.h"

namespace simulator {
namespace {

using nlohmann::json;

json query(Desk& desk, const Person& who, std::string_view id, const json& variables) {
  const std::string body = json{{"variables", variables}}.dump();
  const auto answer = desk.core().iqs().ask(*who.account().device(0),
                                            Node("iq")
                                                .with("xmlns", "w:mex")
                                                .with("type", "get")
                                                .add(Node("query").with("query_id", id).text(body)));
  return json::parse(answer->front().text());
}

TEST_CASE("a channel is made, followed and posted in; followers get it in the clear") {
  Desk desk;
  SimulatedContact& owner = desk.contact();
  SimulatedContact& reader = desk.contact();
  const json made = query(desk, owner, "25149874324715067", {{"input", {{"name", "News"}}}});
  const auto jid = made.at("data").at("xwa2_newsletter_create").at("id").get<std::string>();
  query(desk, reader, "24404358912487870", {{"newsletter_id", jid}});

  OutgoingMessage post;
  post.to = jid;
  whatsapp::message::TextContent text;
  text.body = "it has happened";
  post.content = whatsapp::message::build_text(text, {});
  REQUIRE(owner.send(post));
  desk.settle();
  REQUIRE(reader.received().size() == 1);
  CHECK(reader.received()[0].text == "it has happened");
  CHECK(reader.received()[0].cipher == "plaintext");

  post.content = whatsapp::message::build_text(text, {});
  REQUIRE(reader.send(post));  // not theirs to post in
  desk.settle();
  CHECK(desk.core().channels().find(*Jid::parse(jid))->posts.size() == 1);
}

TEST_CASE("an edit changes a post, a deletion empties it, a reaction is counted") {
  Desk desk;
  SimulatedContact& owner = desk.contact();
  SimulatedContact& reader = desk.contact();
  Channel& channel = desk.core().channels().create(owner.account(), "News", "");
  channel.followers.insert(&reader.account());
  const auto say = [&](Person& who, Node stanza) {
    stanza.set("to", channel.jid);
    REQUIRE(who.send_stanza(std::move(stanza)));
    desk.settle();
  };
  const Node post = Node("message").with("id", "P1").with("type", "text");
  say(owner, Node(post).add(Node("plaintext").text("one")));
  say(owner, Node(post).with("edit", "3").add(Node("plaintext").text("two")));
  REQUIRE(channel.posts.size() == 1);
  CHECK(base::as_text(channel.posts[0].plaintext) == "two");
  say(reader, Node("message")
                  .with("id", "R1")
                  .with("type", "reaction")
                  .with("server_id", 1)
                  .add(Node("reaction").with("code", "+")));
  CHECK(channel.posts[0].reactions.at(&reader.account()) == "+");
  say(owner, Node(post).with("edit", "8").add(Node("plaintext")));
  CHECK(channel.posts[0].plaintext.empty());
}

TEST_CASE("a query that nobody knows is answered with errors") {
  Desk desk;
  SimulatedContact& owner = desk.contact();
  CHECK(query(desk, owner, "1", json::object()).at("errors").size() == 1);
}

}  // namespace
}  // namespace simulator
