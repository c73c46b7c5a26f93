// A group of the greatest size: what a cold and a warm message cost, and that nobody is left out.
#include <doctest/doctest.h>

#include <chrono>

#include "unit/whatsapp/client/groups/group_bench.h"
#include "whatsapp/client/groups/group_metadata.h"
#include "whatsapp/client/usync.h"

using namespace whatsapp;
using namespace whatsapp::test;

TEST_CASE("G10: 1024 members: bundles fifty at a time, then one ciphertext for all") {
  constexpr int kMembers = 1023;  // and we
  DeskBench bench;
  int bundle_queries = 0;
  int most_devices = 0;
  Node group = Node("group").with("id", test_group()).with("addressing_mode", "lid");
  group.add_child(Node("participant").with("jid", bench.alice.lid().bare()));
  for (int i = 0; i < kMembers; ++i)
    group.add_child(Node("participant").with("jid", lid_jid(std::to_string(700'000'000'000'000 + i))));
  bench.server.on_query = [&](const Node& iq) -> std::optional<Node> {
    Node result = Node("iq").with("type", "result");
    if (iq.attr_is("xmlns", "w:g2")) return std::move(result).add(group);
    if (const Node* key = iq.child("key")) {
      ++bundle_queries;
      most_devices = std::max(most_devices, static_cast<int>(key->children().size()));
      Node list("list");
      for (const Node* user : key->children("user")) {
        Node entry = bench.bob.bundle();  // everybody has Bob's keys: it is the number that counts here
        entry.set("jid", *user->jid("jid"));
        list.add_child(std::move(entry));
      }
      return std::move(result).add(std::move(list));
    }
    const Node* usync = iq.child("usync");
    if (usync == nullptr) return std::nullopt;
    Node list("list");
    for (const Node* user : usync->child("list")->children("user")) {
      Node devices("device-list");
      devices.add_child(Node("device").with("id", "0"));
      if (user->jid("jid")->user() == "100000000000001") devices.add_child(Node("device").with("id", "1"));
      list.add_child(
          Node("user").with("jid", *user->jid("jid")).add(Node("devices").add(std::move(devices))));
    }
    return std::move(result).add(Node("usync").add(std::move(list)));
  };
  bench.server.on_stanza = [&](Party& from, const Node& stanza) {
    if (stanza.tag() == "message") bench.server.acknowledge(from, stanza);
    return stanza.tag() == "message";
  };
  const auto timed = [&](const std::string& id) {
    const auto begin = std::chrono::steady_clock::now();
    bench.start_text(bench.alice, test_group(), id, "hello");
    for (int i = 0; i < 400 && !bench.outcomes[id]; ++i) {
      bench.settle();
      bench.clock.advance(std::chrono::seconds{1});  // the budget of device queries
    }
    REQUIRE(bench.outcomes[id]);
    CHECK(*bench.outcomes[id]);
    const auto passed = std::chrono::steady_clock::now() - begin;
    return std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
  };
  const auto cold = timed("COLD");
  CHECK(GroupBench::key_receivers(bench.alice.sent_with_tag("message").back()).size() == kMembers + 1);
  CHECK(most_devices == 50);
  CHECK(bundle_queries == 21);
  const auto warm = timed("WARM");
  CHECK(bench.alice.sent_with_tag("message").back().child("participants") == nullptr);
  CHECK(bundle_queries == 21);
  MESSAGE("a cold message took " << cold << " ms, a warm one " << warm << " ms");
}
