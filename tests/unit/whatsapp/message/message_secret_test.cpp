#include "whatsapp/message/message_secret.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/encoding.h"
#include "vector_check/unit.h"

using namespace whatsapp::message;
using base::ErrorCode;
using whatsapp::binary::Jid;

namespace {

constexpr std::string_view kId = "3EB0AABBCCDDEEFF001122";

MessageSecret counting_secret() {
  MessageSecret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  return secret;
}

Jid jid(std::string_view text) { return *Jid::parse(text); }

const AccountForms kAnn{jid("100000000000001@lid"), jid("100000000000001@lid"),
                        jid("15550001111@s.whatsapp.net")};
const AccountForms kBen{jid("15550002222:7@s.whatsapp.net"), jid("200000000000002@lid"),
                        jid("15550002222@s.whatsapp.net")};
const AddOnIv kIv{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

}  // namespace

TEST_CASE("additions and reporting tokens of other implementations come out the same") {
  vector_check::check_vectors("msgsecret.json", vector_check::run_msgsecret);
}

TEST_CASE("the known key of a vote") {
  const auto key = add_on_key(AddOn::kPollVote, counting_secret(), {kId, kAnn.lid, kBen.lid});
  CHECK(base::to_hex(key) == "6577fb5fed9882b8fc6848737d97bda47437799e38a3b58771d5ce52cdf459e7");
}

TEST_CASE("a device's addition is found under every mix of phone number and LID") {
  const auto plaintext = base::to_bytes("vote");
  for (const AddOn kind : kAddOns)
    for (const Jid& author : {kAnn.lid, kAnn.pn})
      for (const Jid& modifier : {kBen.lid, kBen.pn}) {
        const auto payload = encrypt_add_on(kind, counting_secret(), {kId, author, modifier}, plaintext, kIv);
        const auto opened = open_add_on(kind, counting_secret(), kId, kAnn, kBen, kIv, payload);
        REQUIRE(opened.has_value());
        CHECK(opened->plaintext == plaintext);
        CHECK(opened->context.author == author);
        CHECK(opened->context.modifier == modifier);
      }
}

TEST_CASE("candidates: both LIDs, both numbers, then the rest, none twice and none with a device") {
  const auto candidates = candidate_contexts(kId, kAnn, kBen);
  REQUIRE(candidates.size() == 4);
  CHECK(candidates[0].author == kAnn.lid);
  CHECK(candidates[0].modifier == kBen.lid);
  CHECK(candidates[1].author == kAnn.pn);
  CHECK(candidates[1].modifier == kBen.pn);
  CHECK(std::ranges::all_of(candidates, [](const auto& one) { return one.modifier.device() == 0; }));
  CHECK(candidate_contexts(kId, {kAnn.pn, {}, {}}, {kBen.lid, {}, {}}).size() == 1);
}

TEST_CASE("we add under our address of the kind that the author is known by") {
  CHECK(own_context(kId, kAnn.lid, kBen).modifier == kBen.lid);
  CHECK(own_context(kId, kAnn.pn, kBen).modifier == kBen.pn);
  CHECK(own_context(kId, kAnn.lid, {kBen.at_hand, {}, kBen.pn}).modifier == kBen.pn);
}

TEST_CASE("an addition is of one kind, message, author and secret, and unchanged") {
  const AddOnContext context{kId, kAnn.lid, kBen.lid};
  const auto sealed = encrypt_add_on(AddOn::kEventResponse, counting_secret(), context, {}, kIv);
  const auto code = [&](AddOn kind, const MessageSecret& secret, const AddOnContext& with, base::ByteView iv,
                        base::ByteView payload) {
    const auto opened = decrypt_add_on(kind, secret, with, iv, payload);
    return opened ? std::optional<ErrorCode>{} : opened.error().code;
  };
  CHECK_FALSE(code(AddOn::kEventResponse, counting_secret(), context, kIv, sealed));
  CHECK(code(AddOn::kPollVote, counting_secret(), context, kIv, sealed) == ErrorCode::kCrypto);
  CHECK(code(AddOn::kEventResponse, MessageSecret{}, context, kIv, sealed) == ErrorCode::kCrypto);
  CHECK(code(AddOn::kEventResponse, counting_secret(), {"3EB0", kAnn.lid, kBen.lid}, kIv, sealed) ==
        ErrorCode::kCrypto);
  CHECK(code(AddOn::kEventResponse, counting_secret(), {kId, kBen.lid, kAnn.lid}, kIv, sealed) ==
        ErrorCode::kCrypto);
  auto flipped = sealed;
  flipped.back() ^= 1;
  CHECK(code(AddOn::kEventResponse, counting_secret(), context, kIv, flipped) == ErrorCode::kCrypto);
  CHECK(code(AddOn::kEventResponse, counting_secret(), context, base::ByteView{kIv}.first(11), sealed) ==
        ErrorCode::kMalformed);
  CHECK(code(AddOn::kEventResponse, counting_secret(), context, kIv, base::ByteView{sealed}.first(15)) ==
        ErrorCode::kMalformed);
}

TEST_CASE("an option added to a poll may be keyed as an edit of the poll") {
  const AddOnContext context{kId, kAnn.lid, kBen.lid};
  const auto sealed = encrypt_add_on(AddOn::kPollEdit, counting_secret(), context, base::to_bytes("x"), kIv);
  CHECK(open_add_on(AddOn::kPollAddOption, counting_secret(), kId, kAnn, kBen, kIv, sealed).has_value());
  CHECK_FALSE(open_add_on(AddOn::kMessageEdit, counting_secret(), kId, kAnn, kBen, kIv, sealed).has_value());
}

TEST_CASE("only 32 bytes are a message secret") {
  CHECK(read_message_secret(counting_secret()) == counting_secret());
  CHECK_FALSE(read_message_secret(base::ByteView{counting_secret()}.first(31)));
  CHECK_FALSE(read_message_secret({}));
}
