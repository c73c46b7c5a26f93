// Names, identities and numbers of contacts, as the desk tells them.
#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/client/delivery/contact_book.h"
#include "whatsapp/client/lid_changes.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

Jid bobs_lid() { return lid_jid("200000000000002"); }

std::vector<ContactChange> contact_changes(const Party& party) {
  std::vector<ContactChange> out;
  for (const ClientEvent& event : party.sink.happened)
    if (const auto* change = std::get_if<ContactChange>(&event)) out.push_back(*change);
  return out;
}

}  // namespace

TEST_CASE("L5: a push name is told once, under both forms, and again only when it changes") {
  DeskBench bench;
  REQUIRE(bench.send(bench.bob, lid_jid("100000000000001"), "ID1", "hello"));
  REQUIRE(contact_changes(bench.alice).size() == 1);
  const ContactChange first = contact_changes(bench.alice)[0];
  CHECK(first.push_name == "name");
  CHECK(first.lid == bobs_lid());
  CHECK(first.pn == pn_jid("15550002222"));

  bench.reconnect(bench.alice);
  REQUIRE(bench.send(bench.bob, lid_jid("100000000000001"), "ID2", "hello"));
  CHECK(contact_changes(bench.alice).size() == 1);

  const auto renamed = [](const char* name) {
    return Node("notification")
        .with("id", "N1")
        .with("type", "status")
        .with("from", bobs_lid())
        .with("notify", name);
  };
  bench.give(bench.alice, renamed("Bob\n the \xFF builder"));
  REQUIRE(contact_changes(bench.alice).size() == 2);
  CHECK(contact_changes(bench.alice)[1].push_name == "Bob the \xEF\xBF\xBD builder");
  CHECK(bench.alice.memory->record_count("contact").value() == 1);
}

TEST_CASE("a name without end is cut, between characters") {
  DeskBench bench;
  std::string name;
  for (int i = 0; i < 1000; ++i) name += "\xC3\xA4";
  bench.give(bench.alice, Node("notification")
                              .with("id", "N1")
                              .with("type", "x")
                              .with("from", bobs_lid())
                              .with("notify", std::move(name)));
  REQUIRE(contact_changes(bench.alice).size() == 1);
  CHECK(contact_changes(bench.alice)[0].push_name->size() == kMaxPushName);
}

TEST_CASE("S10: a contact who registered anew is told, also when only his message shows it") {
  DeskBench bench;
  REQUIRE(bench.send(bench.bob, lid_jid("100000000000001"), "ID1", "hello"));
  bench.alice.sink.happened.clear();
  bench.give(bench.alice, Node("notification")
                              .with("id", "N1")
                              .with("type", "encrypt")
                              .with("from", bobs_lid())
                              .with("t", "1760000500")
                              .add(Node("identity")));
  REQUIRE(contact_changes(bench.alice).size() == 1);
  CHECK(contact_changes(bench.alice)[0].identity == ContactChange::Identity::kNew);

  const auto companion = bench.alice.sink.happened.size();
  bench.give(bench.alice, Node("notification")
                              .with("id", "N2")
                              .with("type", "encrypt")
                              .with("from", lid_jid("200000000000002", 5))
                              .add(Node("identity")));
  CHECK(bench.alice.sink.happened.size() == companion);
}

TEST_CASE("a changed number is told with its new pair") {
  DeskBench bench;
  Node change = Node("modify")
                    .with("old", pn_jid("15550002222"))
                    .with("new", pn_jid("15550007777"))
                    .with("old_lid", bobs_lid())
                    .with("new_lid", lid_jid("200000000000777"));
  bench.give(bench.alice, Node("notification")
                              .with("id", "N1")
                              .with("type", "contacts")
                              .with("from", bobs_lid())
                              .add(std::move(change)));
  REQUIRE(contact_changes(bench.alice).size() == 1);
  CHECK(contact_changes(bench.alice)[0].pn == pn_jid("15550007777"));
  CHECK(contact_changes(bench.alice)[0].lid == lid_jid("200000000000777"));
}

TEST_CASE("members of groups bring their pairs") {
  Node add("add");
  add.add_child(Node("participant").with("jid", bobs_lid()).with("phone_number", pn_jid("15550002222")));
  add.add_child(
      Node("participant").with("jid", pn_jid("15550003333")).with("lid", lid_jid("300000000000003")));
  add.add_child(Node("participant").with("jid", pn_jid("15550004444")));
  const Node notification =
      Node("notification").with("type", "w:gp2").with("from", "1203630@g.us").add(std::move(add));
  const auto pairs = pairs_of_notification(notification);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].pn_user == "15550002222");
  CHECK(pairs[1].lid_user == "300000000000003");
}
