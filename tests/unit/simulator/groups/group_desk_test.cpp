#include <doctest/doctest.h>

#include "../recorder.h"

namespace simulator {
namespace {

Node to_group(const Jid& to, std::string_view type, Node request) {
  return Node("iq").with("to", to).with("type", type).with("xmlns", "w:g2").add(std::move(request));
}

/// A group of three, and what its members say to the group service.
struct Team {
  Team() : jid(*desk.world.create_group("team", Addressing::kLid, {ann.pn(), ben.pn(), carl.pn()})) {}

  base::Result<Node::Children> ask(const Person& who, std::string_view type, Node request) {
    return desk.core().iqs().ask(*who.account().device(0), to_group(jid, type, std::move(request)));
  }
  base::Result<Node::Children> ask_service(const Person& who, std::string_view type, Node request) {
    return desk.core().iqs().ask(*who.account().device(0),
                                 to_group(Jid::service(Server::kGroup), type, std::move(request)));
  }
  base::Result<Node::Children> members(const Person& who, std::string_view verb, const Person& whom) {
    Node request(verb);
    request.add_child(Node("participant").with("jid", *Jid::parse(whom.lid())));
    return ask(who, "set", std::move(request));
  }
  [[nodiscard]] Group& group() { return *desk.core().directory().group(jid); }
  /// Changes of the group that a person was told of: the tags, in order.
  static std::vector<std::string> told(const Person& person) {
    std::vector<std::string> tags;
    for (const SeenStanza& seen : person.seen()) {
      if (seen.stanza.attr_is("type", "w:gp2")) tags.push_back(seen.stanza.children().front().tag());
    }
    return tags;
  }

  Desk desk;
  SimulatedContact& ann = desk.contact();
  SimulatedContact& ben = desk.contact();
  SimulatedContact& carl = desk.contact();
  SimulatedContact& dora = desk.contact();
  Jid jid;
};

int code_of(const base::Result<Node::Children>& answer) { return answer ? 0 : answer.error().detail; }

TEST_CASE("a group of one's own making has its maker as superadmin, and everybody is told") {
  Team team;
  Node create = Node("create").with("subject", "Trip");
  create.add_child(Node("participant").with("jid", *Jid::parse(team.ben.pn())));
  create.add_child(Node("participant").with("jid", *Jid::parse("5599999999999@s.whatsapp.net")));
  const auto answer = team.ask_service(team.ann, "set", std::move(create));
  REQUIRE(answer);
  const Node& made = answer->front();
  CHECK(made.attr_is("subject", "Trip"));
  const auto participants = made.children("participant");
  REQUIRE(participants.size() == 3);
  CHECK(participants[0]->attr_is("type", "superadmin"));
  CHECK(participants[1]->attr_is("jid", team.ben.lid()));
  CHECK(participants[1]->attr_is("phone_number", team.ben.pn()));
  CHECK(participants[2]->attr_is("error", "404"));
  team.desk.settle();
  CHECK(Team::told(team.ben) == std::vector<std::string>{"create"});
}

TEST_CASE("who comes is told of the whole group, the others of who came") {
  Team team;
  REQUIRE(team.members(team.ann, "add", team.dora));
  team.desk.settle();
  CHECK(Team::told(team.dora) == std::vector<std::string>{"create"});
  CHECK(Team::told(team.ben) == std::vector<std::string>{"add"});
  const auto again = team.members(team.ann, "add", team.dora);
  REQUIRE(again);
  CHECK(again->front().child("participant")->attr_is("error", "409"));
}

TEST_CASE("who refuses groups is not added but may be invited") {
  Team team;
  team.dora.account().privacy["groupadd"] = "none";
  const auto answer = team.members(team.ann, "add", team.dora);
  REQUIRE(answer);
  const Node& result = *answer->front().child("participant");
  CHECK(result.attr_is("error", "403"));
  const Node* invitation = result.child("add_request");
  REQUIRE(invitation != nullptr);
  CHECK(team.group().member(team.dora.account()) == nullptr);
  Node accept = Node("accept")
                    .with("code", invitation->attr("code"))
                    .with("expiration", invitation->attr("expiration"))
                    .with("admin", *Jid::parse(team.ann.lid()));
  REQUIRE(team.ask(team.dora, "set", std::move(accept)));
  CHECK(team.group().member(team.dora.account()) != nullptr);
}

TEST_CASE("only admins remove and promote; the superadmin stays") {
  Team team;
  CHECK(code_of(team.members(team.ben, "remove", team.carl)) == 403);
  REQUIRE(team.members(team.ann, "promote", team.ben));
  REQUIRE(team.members(team.ben, "remove", team.carl));
  const auto refused = team.members(team.ben, "remove", team.ann);
  REQUIRE(refused);
  CHECK(refused->front().child("participant")->attr_is("error", "405"));
  CHECK(team.group().members.size() == 2);
  team.desk.settle();
  CHECK(Team::told(team.carl).back() == "remove");
}

TEST_CASE("strangers see no metadata, unknown groups are not found") {
  Team team;
  CHECK(code_of(team.ask(team.dora, "get", Node("query"))) == 403);
  const Jid nowhere{"1", Server::kGroup};
  CHECK(code_of(team.desk.core().iqs().ask(*team.ann.account().device(0),
                                           to_group(nowhere, "get", Node("query")))) == 404);
}

TEST_CASE("a description that is not the latest cannot be replaced") {
  Team team;
  const auto describe = [&](std::string_view id, std::optional<std::string> prev) {
    return team.ask(team.ann, "set",
                    Node("description").with("id", id).with("prev", prev).add(Node("body").text("about us")));
  };
  REQUIRE(describe("A1", std::nullopt));
  CHECK(code_of(describe("A2", std::nullopt)) == 409);
  CHECK(describe("A2", "A1"));
  CHECK(team.group().description->id == "A2");
}

TEST_CASE("the link lets people in, unless they were removed, have to be approved, or it was reset") {
  Team team;
  const std::string code = team.group().invite_code;
  const auto join = [&](const Person& who, const std::string& with) {
    return team.ask_service(who, "set", Node("invite").with("code", with));
  };
  REQUIRE(join(team.dora, code));
  CHECK(code_of(join(team.dora, code)) == 304);
  REQUIRE(team.members(team.ann, "remove", team.dora));
  CHECK(code_of(join(team.dora, code)) == 405);
  team.group().rules.join_approval = true;
  SimulatedContact& eve = team.desk.contact();
  REQUIRE(join(eve, code));
  CHECK(code_of(join(eve, code)) == 409);
  CHECK(team.group().member(eve.account()) == nullptr);
  Node approve("approve");
  approve.add_child(Node("participant").with("jid", *Jid::parse(eve.lid())));
  REQUIRE(team.ask(team.ann, "set", Node("membership_requests_action").add(std::move(approve))));
  CHECK(team.group().member(eve.account()) != nullptr);
  REQUIRE(team.ask(team.ann, "set", Node("invite")));
  CHECK(code_of(join(team.dora, code)) == 410);
}

TEST_CASE("a member that was removed reads no more, the key is a new one") {
  Team team;
  const std::string chat = team.jid.to_string();
  REQUIRE(team.ben.send_text(chat, "all"));
  team.desk.settle();
  REQUIRE(team.members(team.ann, "remove", team.carl));
  team.desk.settle();
  const std::uint64_t shares = team.desk.core().state().counters.sender_key_shares;
  REQUIRE(team.ben.send_text(chat, "without carl"));
  team.desk.settle();
  CHECK(team.carl.received().size() == 1);
  CHECK(team.ann.received().back().text == "without carl");
  CHECK(team.desk.core().state().counters.sender_key_shares == shares + 1);
}

TEST_CASE(
    "only admins talk in an announcement group; a message in the wrong addressing is refused with 421") {
  Team team;
  SimulatedPhone& phone = team.desk.phone();
  Companion companion(team.desk);
  companion.link(phone);
  REQUIRE(team.members(team.ann, "add", phone));
  const auto say = [&](std::string_view id, std::string_view mode) {
    companion.say(Node("message")
                      .with("id", id)
                      .with("to", team.jid)
                      .with("type", "text")
                      .with("addressing_mode", mode)
                      .add(Node("enc").with("v", "2").with("type", "skmsg").text("cipher")));
    return companion.wire().last("ack")->attr("error").value_or("");
  };
  CHECK(say("M1", "lid").empty());
  CHECK(say("M2", "pn") == "421");
  REQUIRE(team.ask(team.ann, "set", Node("announcement")));
  CHECK(say("M3", "lid") == "403");
}

TEST_CASE("a community has an announcement group, and who joins a part joins both") {
  Team team;
  const auto made =
      team.ask_service(team.ann, "set", Node("create").with("subject", "Town").add(Node("parent")));
  REQUIRE(made);
  const Jid town{*made->front().attr("id"), Server::kGroup};
  const auto ask_town = [&](std::string_view type, Node request) {
    return team.desk.core().iqs().ask(*team.ann.account().device(0),
                                      to_group(town, type, std::move(request)));
  };
  Node link = Node("link").with("link_type", "sub_group").add(Node("group").with("jid", team.jid));
  REQUIRE(ask_town("set", Node("links").add(std::move(link))));
  const auto parts = ask_town("get", Node("sub_groups"));
  REQUIRE(parts);
  CHECK(parts->front().children("group").size() == 2);
  CHECK(team.desk.core().directory().group(town)->members.size() == 3);
  REQUIRE(ask_town("set", Node("delete_parent")));
  CHECK(team.desk.core().directory().group(town) == nullptr);
  CHECK_FALSE(team.group().community.has_value());
}

}  // namespace
}  // namespace simulator
