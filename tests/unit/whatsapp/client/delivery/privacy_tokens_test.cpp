#include "whatsapp/client/delivery/privacy_tokens.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "unit/whatsapp/client/desk_bench.h"

using namespace whatsapp;
using namespace whatsapp::test;

namespace {

constexpr UnixSeconds kWeek = 604'800;
constexpr UnixSeconds kNow = 1'760'000'000;

Jid bobs_number() { return pn_jid("15550002222"); }
Jid bobs_lid() { return lid_jid("200000000000002"); }

Node token_notification(const Jid& from, std::string_view token, UnixSeconds made_at) {
  Node given = Node("token").with("type", "trusted_contact").with("t", made_at).text(token);
  return Node("notification")
      .with("id", "N1")
      .with("type", "privacy_token")
      .with("from", from)
      .with("t", made_at)
      .add(Node("tokens").add(std::move(given)));
}

/// Counts the tokens that Alice issues, and acks them.
struct Issues {
  explicit Issues(DeskBench& bench) {
    bench.server.on_query = [this](const Node& iq) -> std::optional<Node> {
      const Node* tokens = iq.child("tokens");
      if (tokens == nullptr) return std::nullopt;
      issued.push_back(*tokens->child("token"));
      return Node("iq").with("type", "result");
    };
  }
  std::vector<Node> issued;
};

}  // namespace

TEST_CASE("a token serves in its bucket and the three after it, and ours is due in each new bucket") {
  PrivacyToken token;
  CHECK(token.issue_due(kNow));
  CHECK_FALSE(token.usable(kNow));
  REQUIRE(token.update(base::to_bytes("abc"), kNow));
  CHECK(token.usable(kNow + 3 * kWeek));
  CHECK_FALSE(token.usable(kNow + 4 * kWeek));
  CHECK_FALSE(token.update(base::to_bytes("old"), kNow - 1));
  CHECK(token.update(base::to_bytes("new"), kNow));
  token.issued_at = kNow;
  CHECK_FALSE(token.issue_due(kNow));
  CHECK(token.issue_due(kNow + kWeek));
  const PrivacyToken read = privacy_token_from_bytes(to_bytes(token));
  CHECK(read.token == token.token);
  CHECK(read.made_at == token.made_at);
  CHECK(read.issued_at == token.issued_at);
  CHECK(privacy_token_from_bytes(base::to_bytes("short")).token.empty());
}

TEST_CASE("the fallback token is the known answer") {
  const auto token = fallback_token(base::as_bytes("whatsapp_nct_salt_example"), *Jid::parse("alice@lid"));
  CHECK(base::to_hex(base::ByteView{token}) ==
        "7c6afc325785ac3c4f571e648a3bb822f0e2e49434812ed2809aea2e7043b576");
}

TEST_CASE("B2: a token that came under the number goes with messages to the LID, and with retry answers") {
  DeskBench bench;
  Issues issues(bench);
  bench.give(bench.alice, token_notification(bobs_number(), "TOKEN", kNow));
  CHECK(bench.alice.answers_given["notification N1"] == 1);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  const Node stanza = bench.alice.sent_with_tag("message").back();
  REQUIRE(stanza.child("tctoken") != nullptr);
  CHECK(stanza.child("tctoken")->text() == "TOKEN");
  CHECK(stanza.children().back().tag() == "tctoken");

  bench.give(bench.alice, Node("receipt")
                              .with("id", "ID1")
                              .with("from", bobs_lid())
                              .with("type", "retry")
                              .add(Node("retry").with("count", 1).with("id", "ID1").with("v", "1")));
  const Node again = bench.alice.sent_with_tag("message").back();
  CHECK(again.attr("device_fanout") == "false");
  CHECK(again.child("tctoken") != nullptr);
}

TEST_CASE("without a token the salt makes one; without a salt there is none; none to ourselves") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  CHECK(bench.alice.sent_with_tag("message").back().child("cstoken") == nullptr);
  store::Changes changes;
  changes.values.emplace_back(kNctSaltValue, base::to_bytes("salt"));
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "hello"));
  const Node stanza = bench.alice.sent_with_tag("message").back();
  REQUIRE(stanza.child("cstoken") != nullptr);
  CHECK(stanza.child("cstoken")->bytes().size() == 32);
  REQUIRE(bench.send(bench.alice, pn_jid("15550001111"), "ID3", "note"));
  CHECK(bench.alice.sent_with_tag("message").back().child("cstoken") == nullptr);
}

TEST_CASE(
    "ours is issued after the first message, again a week later, and with the old date to a new phone") {
  DeskBench bench;
  Issues issues(bench);
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID1", "hello"));
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID2", "hello"));
  REQUIRE(issues.issued.size() == 1);
  CHECK(issues.issued[0].attr("jid") == "200000000000002@lid");
  const auto date = issues.issued[0].attr("t");

  bench.give(bench.alice, Node("notification")
                              .with("id", "N2")
                              .with("type", "encrypt")
                              .with("from", bobs_lid())
                              .with("t", kNow + 1)
                              .add(Node("identity")));
  REQUIRE(issues.issued.size() == 2);
  CHECK(issues.issued[1].attr("t") == date);

  bench.clock.advance(std::chrono::hours{24 * 8});
  REQUIRE(bench.send(bench.alice, bobs_number(), "ID3", "hello"));
  CHECK(issues.issued.size() == 3);
}
