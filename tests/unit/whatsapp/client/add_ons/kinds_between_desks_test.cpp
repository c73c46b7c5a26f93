// Every kind that belongs to another message, said by one account and understood by the other.
#include <doctest/doctest.h>

#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/message/content_builder.h"

using namespace whatsapp;
using namespace whatsapp::test;
using From = message::TargetMessage::From;
using message::Kind;

namespace {

Jid bobs_number() { return pn_jid("15550002222"); }
Jid alices_lid() { return lid_jid("100000000000001"); }

OutgoingMessage saying(const Jid& to, const std::string& id, message::OutgoingContent content) {
  OutgoingMessage out;
  out.to = to;
  out.id = id;
  out.content = std::move(content);
  return out;
}

base::Result<SendOutcome> say(DeskBench& bench, Party& from, OutgoingMessage message) {
  auto outcome = bench.run(from.desk->send(std::move(message), bench.journal));
  bench.settle();
  return outcome;
}

const message::Content& last(const Party& party) {
  REQUIRE(party.sink.last);
  return party.sink.last->content;
}

Node last_stanza(const Party& party) { return party.sent_with_tag("message").back(); }

const Node& first_enc(const Node& stanza) {
  return *stanza.child("participants")->children("to").front()->child("enc");
}

std::vector<std::string> chosen(const Party& party) {
  REQUIRE(std::holds_alternative<message::PollVote>(last(party).part));
  return std::get<message::PollVote>(last(party).part).options;
}

void poll(DeskBench& bench) {
  REQUIRE(say(bench, bench.alice,
              saying(bobs_number(), "POLL", message::OutgoingPoll{"Lunch?", {"Pizza", "Soup"}, 1})));
}

message::OutgoingPollVote vote(const std::string& option) {
  message::OutgoingPollVote out;
  out.poll = {"POLL", {}, From::kThem};
  out.options = {option};
  return out;
}

}  // namespace

TEST_CASE("a vote is opened by the author of the poll, and by the voter's own phone") {
  DeskBench bench;
  poll(bench);
  CHECK(last(bench.bob).kind == Kind::kPoll);
  REQUIRE(say(bench, bench.bob, saying(alices_lid(), "VOTE", vote("Soup"))));
  CHECK(last(bench.alice).kind == Kind::kPollVote);
  CHECK(last(bench.alice).target.id == "POLL");
  CHECK(chosen(bench.alice) == std::vector<std::string>{"Soup"});
  CHECK(bench.alice.sink.last->target == IncomingMessage::Target::kOurs);
  CHECK(chosen(bench.alice_phone) == std::vector<std::string>{"Soup"});
  const Node stanza = last_stanza(bench.bob);
  CHECK(stanza.attr("type") == "poll");
  CHECK(stanza.child("meta")->attr("polltype") == "vote");
  CHECK(first_enc(stanza).attr("decrypt-fail") == "hide");
}

TEST_CASE("the author votes in the own poll") {
  DeskBench bench;
  poll(bench);
  REQUIRE(say(bench, bench.alice, saying(bobs_number(), "VOTE", vote("Pizza"))));
  CHECK(chosen(bench.bob) == std::vector<std::string>{"Pizza"});
  CHECK(bench.bob.sink.last->target == IncomingMessage::Target::kTheirs);
}

TEST_CASE(
    "a vote for what is no option, or in a poll that is not known, is refused before anything is sent") {
  DeskBench bench;
  poll(bench);
  const std::size_t sent = bench.bob.sent.size();
  const auto wrong = say(bench, bench.bob, saying(alices_lid(), "V1", vote("Fish")));
  CHECK(wrong.error().code == base::ErrorCode::kInvalidArgument);
  auto other = vote("Soup");
  other.poll.id = "NEVER SEEN";
  CHECK(say(bench, bench.bob, saying(alices_lid(), "V2", other)).error().code ==
        base::ErrorCode::kInvalidArgument);
  CHECK(bench.bob.sent.size() == sent);
}

TEST_CASE("L6: a vote opens whichever of its two addresses each side had in mind") {
  for (const bool author_by_lid : {true, false})
    for (const bool voter_by_lid : {true, false}) {
      DeskBench bench;
      poll(bench);
      // As another client makes it, with the addresses that it happens to know.
      const auto kept = bench.alice.memory->records("message_secret", "", 10);
      REQUIRE(kept);
      REQUIRE(kept->size() == 1);
      message::OutgoingPollVote sealed = vote("Soup");
      sealed.poll_secret = base::to_fixed<32>(base::ByteView{kept->front().value}.first(32));
      sealed.poll.author = author_by_lid ? "100000000000001@lid" : "15550001111@s.whatsapp.net";
      sealed.voter = voter_by_lid ? "200000000000002@lid" : "15550002222@s.whatsapp.net";
      const auto wire = message::build_message(sealed, {.chat = "100000000000001@lid"}, {});
      REQUIRE(wire);
      REQUIRE(say(bench, bench.bob, saying(alices_lid(), "VOTE", message::OutgoingRaw{*wire})));
      CHECK(chosen(bench.alice) == std::vector<std::string>{"Soup"});
    }
}

TEST_CASE("an addition to a message that is not known says what it is, never nothing") {
  DeskBench bench;
  poll(bench);
  store::Changes changes;
  changes.records_dropped.push_back({"message_secret", ""});
  REQUIRE(bench.alice.memory->commit(changes));
  REQUIRE(say(bench, bench.bob, saying(alices_lid(), "VOTE", vote("Soup"))));
  CHECK(last(bench.alice).kind == Kind::kUnsupported);
  CHECK(std::get<message::Unsupported>(last(bench.alice).part).type == "encrypted_poll_vote");
  CHECK(last(bench.alice).target.id == "POLL");
}

TEST_CASE("reactions, edits, revocations and pins name the message they are about, seen from each side") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "HELLO", "hello"));
  REQUIRE(say(bench, bench.bob,
              saying(alices_lid(), "R", message::OutgoingReaction{{"HELLO", {}, From::kThem}, "👍", 1})));
  CHECK(last(bench.alice).kind == Kind::kReaction);
  CHECK(last(bench.alice).text == "👍");
  CHECK(bench.alice.sink.last->target == IncomingMessage::Target::kOurs);
  CHECK(last_stanza(bench.bob).attr("type") == "reaction");

  // No author is given: we remember that it was ours.
  REQUIRE(say(bench, bench.alice,
              saying(bobs_number(), "R2", message::OutgoingReaction{{"HELLO", {}, From::kThem}, "", 2})));
  CHECK(bench.bob.sink.last->target == IncomingMessage::Target::kTheirs);
  CHECK(last_stanza(bench.alice).attr("edit") == "7");

  REQUIRE(say(bench, bench.alice,
              saying(bobs_number(), "E", message::OutgoingEdit{{"HELLO", {}, From::kMe}, "hello!", 3, {}})));
  CHECK(last(bench.bob).kind == Kind::kEdit);
  CHECK(last(bench.bob).text == "hello!");
  CHECK(last(bench.bob).target.id == "HELLO");
  CHECK(last_stanza(bench.alice).attr("edit") == "1");
  CHECK(last_stanza(bench.alice).attr("id") == "E");

  REQUIRE(say(bench, bench.bob, saying(alices_lid(), "P", message::OutgoingPin{{"HELLO", {}, From::kThem}})));
  CHECK(last(bench.alice).kind == Kind::kPin);
  REQUIRE(
      say(bench, bench.alice, saying(bobs_number(), "D", message::OutgoingRevoke{{"HELLO", {}, From::kMe}})));
  CHECK(last(bench.bob).kind == Kind::kRevoke);
  CHECK(last_stanza(bench.alice).attr("edit") == "7");
}

TEST_CASE("the chat's disappearing setting is learned and obeyed until it is taken back") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "A", "stays"));
  REQUIRE(say(bench, bench.bob, saying(alices_lid(), "S", message::OutgoingEphemeralSetting{86'400})));
  CHECK(last(bench.alice).kind == Kind::kEphemeralSetting);
  REQUIRE(bench.send(bench.alice, bobs_number(), "B", "disappears"));
  CHECK(last(bench.bob).expiration == 86'400);
  // Bob learns it from what he gets; a message of his says so, too.
  REQUIRE(bench.send(bench.bob, alices_lid(), "C", "me, too"));
  CHECK(last(bench.alice).expiration == 86'400);
  bench.pass(std::chrono::seconds{2});
  REQUIRE(say(bench, bench.bob, saying(alices_lid(), "T", message::OutgoingEphemeralSetting{0})));
  REQUIRE(bench.send(bench.alice, bobs_number(), "D", "stays"));
  CHECK(last(bench.bob).expiration == 0);
}

TEST_CASE("a mention by number becomes one by LID, in the text as well") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "A", "so that the LID is known"));
  OutgoingMessage message =
      saying(bobs_number(), "M", message::OutgoingText{.body = "@15550002222 and @155500022229"});
  message.context.mentions = {"15550002222@s.whatsapp.net"};
  REQUIRE(say(bench, bench.alice, std::move(message)));
  CHECK(last(bench.bob).mentions == std::vector<std::string>{"200000000000002@lid"});
  CHECK(last(bench.bob).text == "@200000000000002 and @155500022229");
}

TEST_CASE("our own message is quoted with its words, by the address of the chat") {
  DeskBench bench;
  REQUIRE(bench.send(bench.alice, bobs_number(), "A", "the words"));
  OutgoingMessage answer = saying(bobs_number(), "B", message::OutgoingText{.body = "I said"});
  answer.context.quote = message::Quote{.id = "A"};
  REQUIRE(say(bench, bench.alice, std::move(answer)));
  CHECK(last(bench.bob).quoted_id == "A");
  CHECK(last(bench.bob).quoted_author == "100000000000001@lid");
}

TEST_CASE("R5: a repaired edit is still an edit, and a repaired reaction a reaction") {
  for (const std::string id : {"E", "R"}) {
    DeskBench bench;
    REQUIRE(bench.send(bench.alice, bobs_number(), "A", "hello"));
    message::OutgoingContent content = message::OutgoingReaction{{"A", {}, From::kMe}, "👍", 3};
    if (id == "E") content = message::OutgoingEdit{{"A", {}, From::kMe}, "hello!", 3, {}};
    REQUIRE(say(bench, bench.alice, saying(bobs_number(), id, std::move(content))));
    const auto stored = bench.alice.memory->sent_message(id);
    REQUIRE(stored);
    REQUIRE(*stored);
    CHECK((*stored)->edit == (id == "E" ? "1" : ""));
    CHECK((*stored)->type == (id == "E" ? "text" : "reaction"));

    Node receipt("receipt");
    receipt.set("id", id);
    receipt.set("from", lid_jid("200000000000002"));
    receipt.set("type", "retry");
    Node retry = Node("retry").with("v", "1").with("count", "1").with("t", "1760000000");
    retry.set("id", id);
    receipt.add_child(std::move(retry));
    receipt.add_child(Node("registration").bytes(base::Bytes{0, 0, 0, 13}));
    const std::size_t before = bench.alice.sent_with_tag("message").size();
    bench.give(bench.alice, std::move(receipt));
    REQUIRE(bench.alice.sent_with_tag("message").size() == before + 1);
    const Node again = last_stanza(bench.alice);
    CHECK(again.attr("id") == id);
    CHECK(again.child("enc")->attr("decrypt-fail") == "hide");
    CHECK(again.attr("edit").has_value() == (id == "E"));
    CHECK(again.attr("type") == (id == "E" ? "text" : "reaction"));
  }
}
