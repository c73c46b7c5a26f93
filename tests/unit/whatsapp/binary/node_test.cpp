#include "whatsapp/binary/node.h"

#include <doctest/doctest.h>

using namespace whatsapp::binary;
using base::Bytes;
using base::ErrorCode;

TEST_CASE("a stanza is built in one expression and read back") {
  const std::optional<std::string> absent;
  const Node iq = Node("iq")
                      .with("id", std::string{"1.2-3"})
                      .with("to", Jid::service())
                      .with("count", 30)
                      .with("offset", -5)
                      .with("absent", absent)
                      .with("present", std::optional<Jid>{Jid::status()})
                      .add(Node("list").add(Node("item").with("n", 1)).add(Node("item").with("n", 2)))
                      .add(Node("key").bytes(Bytes{1, 2, 3}));

  CHECK(iq.attr("id") == "1.2-3");
  CHECK(iq.attr("to") == "s.whatsapp.net");
  CHECK(iq.jid("to") == Jid::service());
  CHECK(iq.number("count") == 30);
  CHECK(iq.number("offset") == -5);
  CHECK_FALSE(iq.has_attr("absent"));
  CHECK(iq.attr_is("present", "status@broadcast"));
  CHECK(iq.child("list")->children("item").size() == 2);
  CHECK(iq.child("list")->children()[1].number("n") == 2);
  CHECK(base::to_bytes(iq.child_bytes("key").value()) == Bytes{1, 2, 3});
}

TEST_CASE("attributes are converted between text and JID, or come back empty") {
  const Node node =
      Node("x").with("text", "5:3@lid").with("jid", Jid{"5", Server::kLid, 3}).with("name", "a@b@c");
  CHECK(node.jid("text") == node.jid("jid"));
  CHECK(node.attr("jid") == node.attr("text"));
  CHECK_FALSE(node.jid("name").has_value());
  CHECK_FALSE(node.jid("none").has_value());
  CHECK_FALSE(node.attr_is("none", ""));
  CHECK_FALSE(node.number("name").has_value());
}

TEST_CASE("numbers are whole decimal numbers or none") {
  const auto number = [](std::string_view text) { return Node("x").with("n", text).number("n"); };
  CHECK(number("0") == 0);
  CHECK(number("9223372036854775807") == INT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "1x", "+1", "0x1", "9223372036854775808", "1.0"})
    CHECK_FALSE(number(bad).has_value());
}

TEST_CASE("what is required and missing is named") {
  const Node node = Node("message").with("from", "not a jid").add(Node("enc").add(Node("x")));
  CHECK(node.require_attr("id").error().message == "<message> without attribute id");
  CHECK(node.require_jid("from").error().code == ErrorCode::kMalformed);
  CHECK(node.require_number("from").error().code == ErrorCode::kMalformed);
  CHECK(node.require_child("participants").error().code == ErrorCode::kMalformed);
  CHECK(node.require_child("enc").value()->tag() == "enc");
  CHECK(node.require_child_bytes("enc").error().code == ErrorCode::kMalformed);
  CHECK(node.require_attr("from").value() == "not a jid");
}

TEST_CASE("a second value for a key replaces the first; of many the last stays") {
  CHECK(Node("x").with("k", "1").with("k", "2").attributes().size() == 1);
  CHECK(Node("x").with("k", "1").with("k", "2").attr("k") == "2");

  for (const std::size_t distinct : {2UL, 40UL}) {
    std::vector<Attribute> attributes;
    for (int round = 0; round < 3; ++round)
      for (std::size_t i = 0; i < distinct; ++i)
        attributes.push_back({"key-that-needs-the-heap-" + std::to_string(i), std::to_string(round)});
    Node node{"x"};
    node.set_attributes(std::move(attributes));
    CHECK(node.attributes().size() == distinct);
    for (const Attribute& attribute : node.attributes()) CHECK(to_text(attribute.value) == "2");
  }
}

TEST_CASE("equality ignores the order of attributes and the difference between no content and no children") {
  CHECK(Node("x").with("a", 1).with("b", 2) == Node("x").with("b", 2).with("a", 1));
  CHECK_FALSE(Node("x").with("a", 1) == Node("x").with("a", 2));
  CHECK_FALSE(Node("x").with("a", 1) == Node("x").with("a", 1).with("b", 2));
  CHECK_FALSE(Node("x").with("a", "5@lid") == Node("x").with("a", Jid{"5", Server::kLid}));
  CHECK(Node("x") == Node("x").add(Node::Children{}));
  CHECK_FALSE(Node("x") == Node("x").bytes(Bytes{}));
  CHECK_FALSE(Node("x").add(Node("a")).add(Node("b")) == Node("x").add(Node("b")).add(Node("a")));
}

TEST_CASE("content is moved out, not copied") {
  Node node = Node("x").bytes(Bytes(100, 7));
  const auto* data = node.bytes().data();
  const Bytes taken = node.take_bytes();
  CHECK(taken.data() == data);
  CHECK(node == Node("x"));

  Node parent = Node("x").add(Node("a")).add(Node::Children{Node("b"), Node("c")});
  CHECK(parent.take_bytes().empty());
  CHECK(parent.take_children().size() == 3);
  CHECK(parent.children().empty());
}
