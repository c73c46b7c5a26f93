// What an account asks for about groups: the stanzas, and what becomes of the answers.
#include "whatsapp/client/groups/groups.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/groups/group_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;

namespace {

/// Answers changes of groups; keeps what was asked.
struct Desk : GroupBench {
  Desk() {
    on_other_query = [this](const Node& iq) -> std::optional<Node> {
      if (!iq.attr_is("xmlns", "w:g2")) return std::nullopt;
      asked.push_back(iq);
      const Node result = Node("iq").with("type", "result");
      if (!answers.empty()) {
        Node next = answers.front();
        answers.pop_front();
        return next;
      }
      Node out = result;
      for (const Node& child : iq.children()) out.add_child(child);
      return out;
    };
    REQUIRE(run(alice.desk->groups().metadata(test_group())));
  }
  Groups& groups() { return alice.desk->groups(); }
  const Node& last() const { return asked.back().children().front(); }
  static Node refusal(int code) {
    return Node("iq").with("type", "error").add(Node("error").with("code", code));
  }
  GroupMetadata known() { return run(groups().metadata(test_group())).value(); }

  std::vector<Node> asked;
  std::deque<Node> answers;
};

}  // namespace

TEST_CASE("adding people: one result for each, invitations for those who do not want to be added") {
  Desk desk;
  desk.group.members = {"15550001111"};
  desk.answers.push_back(
      Node("iq")
          .with("type", "result")
          .add(Node("add")
                   .add(Node("participant").with("jid", lid_jid("200000000000002")))
                   .add(Node("participant")
                            .with("jid", lid_jid("300000000000003"))
                            .with("error", "403")
                            .add(Node("add_request").with("code", "INVITE").with("expiration", "1760003600")))
                   .add(Node("participant").with("jid", lid_jid("400000000000004")).with("error", "409"))));
  const std::vector<Jid> people{pn_jid("15550002222"), pn_jid("15550003333"), lid_jid("400000000000004")};
  const auto results = desk.run(desk.groups().change(test_group(), ParticipantChange::kAdd, people));
  REQUIRE(results);
  REQUIRE(results->size() == 3);
  CHECK(results->at(0).jid == people[0]);
  CHECK(results->at(0).code == 200);
  CHECK(results->at(1).code == 403);
  CHECK(results->at(1).invite->code == "INVITE");
  CHECK(results->at(1).invite->expires_at == 1760003600);
  CHECK(results->at(2).code == 200);  // is in it already: as asked

  const Node& added = desk.last();
  CHECK(added.tag() == "add");
  CHECK(added.children()[0].attr("jid") == "200000000000002@lid");
  CHECK(added.children()[0].attr("phone_number") == "15550002222@s.whatsapp.net");
}

TEST_CASE("whoever we remove cannot read on, and the next message needs no question") {
  Desk desk;
  REQUIRE(desk.send_to_group(desk.alice, "G1", "hello"));
  const int asked = desk.group_queries;
  desk.group.members.pop_back();
  const std::vector<Jid> people{desk.carol.lid()};
  const auto results = desk.run(desk.groups().change(test_group(), ParticipantChange::kRemove, people));
  REQUIRE(results);
  CHECK(desk.known().members.size() == 2);
  REQUIRE(desk.send_to_group(desk.alice, "G2", "without Carol"));
  CHECK(desk.group_queries == asked);
  CHECK(GroupBench::key_receivers(desk.to_group(desk.alice).back()).size() == 2);
  CHECK(desk.to_group(desk.alice).size() == 2);
  CHECK(desk.alice.sink.happened.empty());
}

TEST_CASE("promotion and demotion are known at once") {
  Desk desk;
  const std::vector<Jid> people{desk.carol.lid()};
  REQUIRE(desk.run(desk.groups().change(test_group(), ParticipantChange::kPromote, people)));
  CHECK(desk.known().find(desk.carol.lid())->role == GroupMember::Role::kAdmin);
  desk.clock.advance(1min);
  REQUIRE(desk.run(desk.groups().change(test_group(), ParticipantChange::kDemote, people)));
  CHECK(desk.known().find(desk.carol.lid())->role == GroupMember::Role::kMember);
}

TEST_CASE("subject, settings and timer") {
  Desk desk;
  REQUIRE(desk.run(desk.groups().set_subject(test_group(), "new name")));
  CHECK(desk.last().tag() == "subject");
  CHECK(desk.last().text() == "new name");
  CHECK(desk.known().subject == "new name");
  desk.clock.advance(1min);
  REQUIRE(desk.run(desk.groups().set(test_group(), GroupSetting::kOnlyAdminsSend)));
  CHECK(desk.known().only_admins_send);
  REQUIRE(desk.run(desk.groups().set(test_group(), GroupSetting::kOnlyAdminsAdd)));
  CHECK(desk.last().text() == "admin_add");
  CHECK(desk.known().only_admins_add);
  REQUIRE(desk.run(desk.groups().set(test_group(), GroupSetting::kJoinsNeedApproval)));
  CHECK(desk.known().join_needs_approval);
  desk.clock.advance(1min);
  REQUIRE(desk.run(desk.groups().set_ephemeral(test_group(), 86400)));
  CHECK(desk.known().ephemeral_seconds == 86400);
  CHECK_FALSE(desk.run(desk.groups().set_subject(test_group(), "")));
  CHECK_FALSE(desk.run(desk.groups().set_subject(pn_jid("15550002222"), "not a group")));
}

TEST_CASE("a description names the one before; if that is not the last one, it is read and tried once more") {
  Desk desk;
  desk.answers.push_back(Desk::refusal(409));
  REQUIRE(desk.run(desk.groups().set_description(test_group(), "about us")));
  REQUIRE(desk.asked.size() == 2);
  CHECK(desk.last().child("body")->text() == "about us");
  const std::string id = desk.last().attr("id").value();
  CHECK(id.size() == 8);
  CHECK(desk.known().description == "about us");
  desk.clock.advance(1min);
  REQUIRE(desk.run(desk.groups().set_description(test_group(), "")));
  CHECK(desk.last().attr("prev") == id);
  CHECK(desk.last().attr("delete") == "true");
  desk.clock.advance(1min);
  desk.answers = {Desk::refusal(403)};
  const auto refused = desk.run(desk.groups().set_description(test_group(), "may not"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().detail == 403);
}

TEST_CASE("invite links: read, renewed, looked at, used") {
  Desk desk;
  const auto code = [](const char* text) {
    return Node("iq").with("type", "result").add(Node("invite").with("code", text));
  };
  desk.answers = {
      code("First"),
      code("Second"),
      Node("iq").with("type", "result").add(desk.group_node()),
      Node("iq").with("type", "result").add(Node("group").with("jid", test_group())),
      Node("iq").with("type", "result").add(Node("membership_approval_request").with("jid", test_group())),
      Desk::refusal(410)};
  CHECK(desk.run(desk.groups().invite_link(test_group())).value() == "https://chat.whatsapp.com/First");
  CHECK(desk.asked.back().attr("type") == "get");
  CHECK(desk.run(desk.groups().new_invite_link(test_group())).value() == "https://chat.whatsapp.com/Second");
  CHECK(desk.asked.back().attr("type") == "set");
  CHECK(desk.run(desk.groups().invite_info("https://chat.whatsapp.com/invite/Second?x=1")).value().subject ==
        "the group");
  CHECK(desk.last().attr("code") == "Second");
  desk.clock.advance(1min);
  const auto joined = desk.run(desk.groups().join("Second"));
  REQUIRE(joined);
  CHECK(joined->group == test_group());
  CHECK(joined->state == Groups::Joined::State::kMember);
  const auto pending = desk.run(desk.groups().join("Second"));
  REQUIRE(pending);
  CHECK(pending->state == Groups::Joined::State::kAwaitsApproval);
  const auto revoked = desk.run(desk.groups().join("Second"));
  REQUIRE_FALSE(revoked);
  CHECK(revoked.error().detail == 410);
  CHECK_FALSE(desk.run(desk.groups().join("no code at all!")));
}

TEST_CASE("requests to join are listed and answered") {
  Desk desk;
  desk.answers = {Node("iq")
                      .with("type", "result")
                      .add(Node("membership_approval_requests")
                               .add(Node("membership_approval_request")
                                        .with("jid", desk.carol.lid().bare())
                                        .with("request_time", "1760000000")
                                        .with("request_method", "invite_link")))};
  const auto requests = desk.run(desk.groups().join_requests(test_group()));
  REQUIRE(requests);
  REQUIRE(requests->size() == 1);
  CHECK(requests->front().who == desk.carol.lid().bare());
  CHECK(requests->front().method == "invite_link");
  const std::vector<Jid> people{pn_jid("15550003333")};
  const auto answered =
      desk.run(desk.groups().answer_join_requests(test_group(), JoinAnswer::kApprove, people));
  REQUIRE(answered);
  CHECK(answered->at(0).jid == people[0]);
  CHECK(desk.last().child("approve")->children()[0].attr("jid") == "300000000000003@lid");
}

TEST_CASE("a new group is known at once; leaving it forgets it") {
  Desk desk;
  desk.group.id = Jid{"120363000000000002", binary::Server::kGroup};
  Node made = desk.group_node();
  made.add_child(Node("participant").with("jid", lid_jid("400000000000004")).with("error", "403"));
  desk.answers = {Node("iq").with("type", "result").add(made)};
  NewGroup wanted{.subject = "the group", .participants = {pn_jid("15550002222"), pn_jid("15550003333")}};
  const auto created = desk.run(desk.groups().create(wanted));
  REQUIRE(created);
  CHECK(created->group.id == desk.group.id);
  CHECK(created->participants.size() == 3);
  CHECK(desk.last().attr("subject") == "the group");
  const int asked = desk.group_queries;
  REQUIRE(desk.send_to_group(desk.alice, "G1", "welcome"));
  CHECK(desk.group_queries == asked);

  REQUIRE(desk.run(desk.groups().leave(desk.group.id)));
  CHECK(desk.last().tag() == "leave");
  CHECK_FALSE(desk.alice.memory->record("group", desk.group.id.to_string()).value());
}

TEST_CASE("the groups of a community") {
  Desk desk;
  desk.answers = {Node("iq")
                      .with("type", "result")
                      .add(Node("sub_groups")
                               .add(Node("group")
                                        .with("id", "120363000000000005")
                                        .with("subject", "news")
                                        .add(Node("default_sub_group")))
                               .add(Node("group").with("id", "120363000000000006").with("subject", "talk")))};
  const auto groups = desk.run(desk.groups().linked_groups(test_group()));
  REQUIRE(groups);
  REQUIRE(groups->size() == 2);
  CHECK(groups->at(0).is_announcement_group);
  CHECK_FALSE(groups->at(1).is_announcement_group);
}
