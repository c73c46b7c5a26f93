#include "whatsapp/message/message_secret_content.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using namespace whatsapp::message;

namespace {

EncryptedAddOn example(AddOn kind) {
  return {kind,
          {"120363000000000001@g.us", false, "3EB0AABB", "100000000000001@lid"},
          base::Bytes(12, 7),
          base::Bytes(40, 8)};
}

base::Bytes hex(std::string_view text) { return *base::from_hex(text); }

}  // namespace

TEST_CASE("every kind of addition is found again in the message that carries it") {
  for (const AddOn kind : kAddOns) {
    const auto found = find_add_on(build_add_on(example(kind), 1'700'000'000'000));
    REQUIRE(found.has_value());
    REQUIRE(found->has_value());
    const EncryptedAddOn& read = **found;
    CHECK(read.kind == kind);
    CHECK(read.target.chat == "120363000000000001@g.us");
    CHECK(read.target.id == "3EB0AABB");
    CHECK(read.target.participant == "100000000000001@lid");
    CHECK_FALSE(read.target.from_me);
    CHECK(read.iv == base::Bytes(12, 7));
    CHECK(read.payload == base::Bytes(40, 8));
  }
}

TEST_CASE("a message without addition, or with one of tomorrow, holds none") {
  CHECK_FALSE(find_add_on(hex("0a026869"))->has_value());
  CHECK_FALSE(find_add_on({})->has_value());
  // secretEncryptedMessage of type 3
  CHECK_FALSE(find_add_on(hex("9205022003"))->has_value());
}

TEST_CASE("an addition without target, IV or payload, or cut short, is refused") {
  for (int missing = 0; missing < 3; ++missing) {
    EncryptedAddOn one = example(AddOn::kReaction);
    if (missing == 0) one.target.id.clear();
    if (missing == 1) one.iv.clear();
    if (missing == 2) one.payload.clear();
    CHECK_FALSE(find_add_on(build_add_on(one, 0)).has_value());
  }
  auto bytes = build_add_on(example(AddOn::kPollVote), 0);
  bytes.pop_back();
  CHECK_FALSE(find_add_on(bytes).has_value());
}

TEST_CASE("a vote counts each option once; names that are not known stay hashes") {
  const auto a = option_hash("a");
  const auto b = option_hash("b");
  CHECK(base::to_hex(a) == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
  const std::vector<OptionHash> twice{b, a, b};
  const auto vote = read_vote(build_vote(twice));
  REQUIRE(vote.has_value());
  CHECK(*vote == std::vector<OptionHash>{b, a});
  const std::vector<std::string> options{"a"};
  CHECK(selected_names(*vote, options) == std::vector<std::string>{base::to_hex(b), "a"});
  CHECK(read_vote({})->empty());
}

TEST_CASE("a vote for a hash of 31 bytes is refused") {
  base::Bytes bytes{0x0a, 31};
  bytes.resize(33);
  CHECK_FALSE(read_vote(bytes).has_value());
}

TEST_CASE("an answer to an event is read as written; an unknown answer is no answer") {
  const EventResponse maybe{EventResponse::Answer::kMaybe, 1'700'000'000'000, 2};
  const auto read = read_event_response(build_event_response(maybe));
  REQUIRE(read.has_value());
  CHECK(read->answer == EventResponse::Answer::kMaybe);
  CHECK(read->timestamp_ms == maybe.timestamp_ms);
  CHECK(read->extra_guests == 2);
  CHECK(read_event_response(hex("0863"))->answer == EventResponse::Answer::kUnknown);
  CHECK_FALSE(read_event_response(hex("08")).has_value());
}
