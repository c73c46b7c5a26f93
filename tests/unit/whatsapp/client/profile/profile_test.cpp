#include "whatsapp/client/profile/profile.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/sync/app_state_service.h"
#include "whatsapp/client/sync/chats.h"

using namespace whatsapp;
using namespace whatsapp::test;
using namespace std::chrono_literals;

namespace {

Node result() { return Node("iq").with("type", "result"); }

Node notification(const char* id, const char* type, const Jid& from, Node child) {
  return Node("notification")
      .with("id", id)
      .with("from", from)
      .with("type", type)
      .with("t", "1760000000")
      .add(std::move(child));
}

/// Remembers what was asked, answers by xmlns.
struct Answers {
  explicit Answers(FakeServer& server) {
    server.on_query = [this](const Node& iq) -> std::optional<Node> {
      const auto found = by_xmlns.find(iq.attr("xmlns").value_or(""));
      if (found == by_xmlns.end()) return std::nullopt;
      asked.push_back(iq);
      return found->second;
    };
  }
  std::map<std::string, Node> by_xmlns;
  std::vector<Node> asked;
};

}  // namespace

TEST_CASE("blocking names both forms of the person, and the list follows the changes of other devices") {
  DeskBench bench;
  Answers answers(bench.server);
  const Jid bob = lid_jid("200000000000002");
  answers.by_xmlns["blocklist"] =
      result().add(Node("list").with("dhash", "h1").add(Node("item").with("jid", bob)));
  store::Changes known;
  known.lid_mappings.push_back({"15550002222", "200000000000002"});
  REQUIRE(bench.alice.memory->commit(known));
  Blocklist& list = bench.alice.desk->profile().blocklist();
  REQUIRE(bench.run(list.block(pn_jid("15550002222"))));
  const Node* item = answers.asked.at(0).child("item");
  CHECK(item->attr("action") == "block");
  CHECK(item->attr("jid") == bob.to_string());
  CHECK(item->attr("pn_jid") == "15550002222@s.whatsapp.net");
  CHECK(*bench.run(list.is_blocked(pn_jid("15550002222"))));

  const auto before = answers.asked.size();
  Node change = Node("blocklist").with("action", "modify").with("prev_dhash", "h1").with("dhash", "h2");
  change.add_child(Node("item").with("jid", bob).with("action", "unblock"));
  bench.give(bench.alice, notification("1", "account_sync", bench.alice.pn().bare(), change));
  CHECK_FALSE(*bench.run(list.is_blocked(bob)));
  CHECK(answers.asked.size() == before);
  // It does not follow on what we have: asked for anew.
  bench.give(bench.alice, notification("2", "account_sync", bench.alice.pn().bare(), change));
  CHECK(answers.asked.size() == before + 1);
  CHECK(*bench.run(list.is_blocked(bob)));
}

TEST_CASE("privacy settings are asked for once after several changes, and again if more come") {
  DeskBench bench;
  Answers answers(bench.server);
  answers.by_xmlns["privacy"] =
      result().add(Node("privacy").add(Node("category").with("name", "readreceipts").with("value", "none")));
  bench.pass(5s);  // the first time, after the login of three accounts
  const auto first = answers.asked.size();
  CHECK(first == 3);
  for (const char* id : {"1", "2", "3"})
    bench.give(bench.alice, notification(id, "account_sync", bench.alice.pn().bare(), Node("privacy")));
  bench.pass(15s);
  CHECK(answers.asked.size() == first + 1);
  PrivacySettings& privacy = bench.alice.desk->profile().privacy();
  CHECK(privacy.read_receipts() == ReadReceipts::kOwnDevicesOnly);
  REQUIRE(bench.run(privacy.set("readreceipts", "all")));
  CHECK(privacy.read_receipts() == ReadReceipts::kTold);
  CHECK_FALSE(bench.run(privacy.set("read receipts", "all")));
  const auto asked = answers.asked.size();
  bench.reconnect(bench.alice);
  bench.pass(5s);
  CHECK(answers.asked.size() == asked);  // kept from before
}

TEST_CASE("pictures: asked for, set, removed; changes of others are told and kept") {
  DeskBench bench;
  Answers answers(bench.server);
  answers.by_xmlns["w:profile:picture"] =
      result().add(Node("picture").with("id", "77").with("url", "https://pps.whatsapp.net/x"));
  Profile& profile = bench.alice.desk->profile();
  const auto picture = bench.run(profile.picture(bench.bob.lid(), PictureSize::kFull));
  REQUIRE(picture);
  CHECK((*picture)->id == "77");
  CHECK(answers.asked[0].attr("target") == "200000000000002@lid");
  CHECK(*bench.run(profile.set_picture({0xFF, 0xD8, 0xFF, 0xE0})) == "77");
  CHECK_FALSE(answers.asked[1].has_attr("target"));
  REQUIRE(bench.run(profile.remove_picture()));
  CHECK(answers.asked[2].child("picture")->bytes().empty());
  CHECK_FALSE(bench.run(profile.set_picture({1, 2, 3, 4})));

  bench.give(bench.alice, notification("1", "picture", bench.bob.lid().bare(), Node("set").with("id", "78")));
  bench.give(bench.alice,
             notification("2", "picture", bench.bob.lid().bare(), Node("set").with("hash", "abc")));
  bench.give(bench.alice, notification("3", "picture", bench.bob.lid().bare(), Node("delete")));
  bench.give(bench.alice, notification("4", "status", bench.bob.lid().bare(), Node("set").text("busy")));
  const auto told = bench.alice.sink.told_of<ContactChange>();
  REQUIRE(told.size() == 3);
  CHECK(told[0].picture == ContactChange::Picture::kSet);
  CHECK(told[1].picture == ContactChange::Picture::kRemoved);
  CHECK(told[2].about == "busy");
  const auto facts = bench.run(bench.alice.desk->chats().contact(bench.bob.lid()));
  CHECK(facts->about == "busy");
  CHECK(facts->picture_id == "");
}

TEST_CASE("our own name goes to our other devices and into presence; nothing unpresentable does") {
  DeskBench bench;
  AppStateService service(bench.server);
  Stranger phone(bench.alice, bench.alice_phone.lid(), 6);
  bench.give(bench.alice, as_peer(phone.says("K", AppStateService::share({1}))));
  REQUIRE(bench.run(bench.alice.desk->profile().set_push_name("@New name")));
  CHECK(bench.alice.sent_with_tag("presence").back().attr("name") == "New name");
  CHECK(service.stored[Collection::kCriticalBlock].device.state.version == 1);
  CHECK_FALSE(bench.run(bench.alice.desk->profile().set_push_name("@")));
}

TEST_CASE("what other devices of ours change is told") {
  DeskBench bench;
  const Jid own = bench.alice.pn().bare();
  Node renamed = notification("1", "account_sync", own, Node("picture"));
  renamed.set("pushname", "Elsewhere");
  bench.give(bench.alice, renamed);
  bench.give(bench.alice,
             notification("2", "account_sync", own, Node("disappearing_mode").with("duration", "86400")));
  std::vector<std::string> what;
  for (const AccountChange& change : bench.alice.sink.told_of<AccountChange>())
    what.push_back(change.what + "=" + change.value);
  CHECK(what == std::vector<std::string>{"push_name=Elsewhere", "picture=", "disappearing_mode=86400"});
}

TEST_CASE("the about text: the new way, and the old one when that fails") {
  DeskBench bench;
  Answers answers(bench.server);
  answers.by_xmlns["w:mex"] = result().add(Node("result").text(R"({"errors":[{"message":"no"}]})"));
  answers.by_xmlns["status"] = result();
  REQUIRE(bench.run(bench.alice.desk->profile().set_about("at \"work\"")));
  REQUIRE(answers.asked.size() == 2);
  CHECK(answers.asked[0].child("query")->text().find(R"(at \"work\")") != std::string_view::npos);
  CHECK(answers.asked[1].child("status")->text() == "at \"work\"");
  answers.by_xmlns["w:mex"] = result().add(Node("result").text(R"({"data":{}})"));
  REQUIRE(bench.run(bench.alice.desk->profile().set_about("home")));
  CHECK(answers.asked.size() == 3);
}
