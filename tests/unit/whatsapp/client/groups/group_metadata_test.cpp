#include "whatsapp/client/groups/group_metadata.h"

#include <doctest/doctest.h>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/groups/group_changes.h"

using namespace whatsapp;
using binary::Jid;
using binary::Node;

namespace {

Self alice() { return {pn_jid("15550001111", 1), lid_jid("100000000000001", 1), "alice"}; }

Node full_group() {
  return Node("group")
      .with("id", "120363000000000001")
      .with("subject", "the group")
      .with("s_t", "1700000001")
      .with("creation", "1700000000")
      .with("creator", lid_jid("100000000000001"))
      .with("addressing_mode", "lid")
      .with("p_v_id", "17")
      .add(Node("participant")
               .with("jid", lid_jid("100000000000001"))
               .with("phone_number", pn_jid("15550001111"))
               .with("type", "superadmin"))
      .add(Node("participant").with("jid", lid_jid("200000000000002")).with("type", "admin"))
      .add(Node("participant"))
      .add(Node("description").with("id", "AB12CD34").add(Node("body").text("what it is about")))
      .add(Node("announcement"))
      .add(Node("ephemeral").with("expiration", "604800"))
      .add(Node("member_add_mode").text("admin_add"))
      .add(Node("membership_approval_mode").add(Node("group_join").with("state", "on")))
      .add(Node("linked_parent").with("jid", Jid{"120363000000000009", binary::Server::kGroup}));
}

Node notification(Node change, const Jid& author = lid_jid("200000000000002")) {
  return Node("notification")
      .with("from", Jid{"120363000000000001", binary::Server::kGroup})
      .with("participant", author)
      .with("addressing_mode", "lid")
      .with("t", "1760000000")
      .add(std::move(change));
}

GroupEffect apply(Node change, std::optional<GroupMetadata>& group) {
  const Node all = notification(std::move(change));
  return apply_group_change(all, all.children().front(), alice(), group);
}

}  // namespace

TEST_CASE("a group is read with all that it has") {
  const auto group = read_group(full_group());
  REQUIRE(group);
  CHECK(group->id.to_string() == "120363000000000001@g.us");
  CHECK(group->addressing == GroupAddressing::kLid);
  CHECK(group->members_by_lid());
  CHECK(group->members.size() == 2);
  CHECK(group->find(pn_jid("15550001111"))->role == GroupMember::Role::kOwner);
  CHECK(group->find_own(alice()) == group->members.data());
  CHECK(group->description == "what it is about");
  CHECK(group->description_id == "AB12CD34");
  CHECK(group->only_admins_send);
  CHECK(group->only_admins_add);
  CHECK_FALSE(group->only_admins_edit);
  CHECK(group->join_needs_approval);
  CHECK(group->ephemeral_seconds == 604800);
  CHECK(group->community->user() == "120363000000000009");
  CHECK(pairs_of(group->members).size() == 1);

  const auto again = decode_group(encode_group(*group));
  REQUIRE(again);
  CHECK(encode_group(*again) == encode_group(*group));
  CHECK(again->members.size() == 2);
  CHECK(again->subject == "the group");
}

TEST_CASE("G8: every part of a group may be missing, but its id") {
  const auto bare = read_group(Node("group").with("id", Jid{"120363000000000001", binary::Server::kGroup}));
  REQUIRE(bare);
  CHECK(bare->subject.empty());
  CHECK(bare->created_at == 0);
  CHECK(bare->members.empty());
  CHECK(decode_group(encode_group(*bare)));
  CHECK_FALSE(read_group(Node("group").with("subject", "no id")));
  CHECK_FALSE(read_group(Node("group").with("id", "someone@s.whatsapp.net")));
  CHECK_FALSE(decode_group(base::to_bytes("nonsense")));
}

TEST_CASE("a community's announcements go to LIDs though the group says numbers") {
  GroupMetadata group;
  group.is_announcement_group = true;
  group.members.push_back({lid_jid("100000000000001"), std::nullopt, GroupMember::Role::kMember});
  CHECK(group.addressing == GroupAddressing::kPn);
  CHECK(group.members_by_lid());
}

TEST_CASE("each change of a group does its thing") {
  std::optional<GroupMetadata> group = read_group(full_group()).value();
  const auto bob = Node("participant").with("jid", lid_jid("200000000000002"));
  apply(Node("demote").add(bob), group);
  CHECK(group->members[1].role == GroupMember::Role::kMember);
  apply(Node("promote").add(bob), group);
  CHECK(group->members[1].role == GroupMember::Role::kAdmin);
  apply(Node("not_announcement"), group);
  CHECK_FALSE(group->only_admins_send);
  apply(Node("locked"), group);
  CHECK(group->only_admins_edit);
  apply(Node("not_ephemeral"), group);
  CHECK(group->ephemeral_seconds == 0);
  CHECK(apply(Node("ephemeral").with("expiration", "86400"), group).event.text == "86400");
  CHECK(group->ephemeral_seconds == 86400);
  CHECK(apply(Node("membership_approval_mode").add(Node("group_join").with("state", "off")), group)
            .event.text == "off");
  CHECK_FALSE(group->join_needs_approval);
  CHECK(apply(Node("description").with("id", "X").add(Node("delete")), group).event.text.empty());
  CHECK(group->description_id == "X");
  CHECK(apply(Node("invite").with("code", "CODE"), group).event.text == "CODE");
  CHECK(apply(Node("something_new").add(bob), group).event.change == "something_new");
  CHECK(apply(Node("leave").add(bob), group).event.change == "leave");
  CHECK(group->members.size() == 1);
  CHECK(apply(Node("delete"), group).fate == GroupEffect::Fate::kLeft);
  CHECK_FALSE(group);
}

TEST_CASE("somebody who changed his number stays what he was") {
  std::optional<GroupMetadata> group = read_group(full_group()).value();
  const auto effect =
      apply(Node("modify").add(Node("participant").with("jid", lid_jid("900000000000009"))), group);
  CHECK(effect.gone.size() == 1);
  CHECK(group->find(lid_jid("200000000000002")) == nullptr);
  REQUIRE(group->find(lid_jid("900000000000009")) != nullptr);
  CHECK(group->find(lid_jid("900000000000009"))->role == GroupMember::Role::kAdmin);
}

TEST_CASE("a new group comes whole, and a change of an unknown group is told all the same") {
  std::optional<GroupMetadata> group;
  CHECK(apply(Node("subject").with("subject", "new name"), group).event.text == "new name");
  CHECK_FALSE(group);
  const auto effect = apply(Node("create").add(full_group()), group);
  CHECK(effect.fate == GroupEffect::Fate::kNew);
  CHECK(effect.event.text == "the group");
  REQUIRE(group);
  CHECK(group->members.size() == 2);
}

TEST_CASE("a change told in another form than the group's makes it stale") {
  std::optional<GroupMetadata> group = read_group(full_group()).value();
  Node all = notification(Node("locked"));
  all.set("addressing_mode", "pn");
  apply_group_change(all, all.children().front(), alice(), group);
  CHECK(group->stale);
}
