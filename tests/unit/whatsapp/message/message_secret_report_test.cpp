#include "whatsapp/message/message_secret_report.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "proto/message.pb.h"

using namespace whatsapp::message;
using whatsapp::binary::Jid;
using whatsapp::proto::Message;

namespace {

base::Bytes hex(std::string_view text) { return *base::from_hex(text); }
base::Bytes bytes_of(const Message& message) { return base::to_bytes(message.SerializeAsString()); }

MessageSecret counting_secret() {
  MessageSecret secret;
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  return secret;
}

ReportedMessage example() {
  return {"3EB0AABBCCDDEEFF001122", *Jid::parse("100000000000001:5@lid"), *Jid::parse("200000000000002@lid")};
}

Message image_message() {
  Message message;
  auto& image = *message.mutable_image_message();
  image.set_caption("cap");
  image.set_direct_path("/v/x");
  image.set_media_key(std::string(32, '\x08'));
  image.set_url("https://example.com/x");
  image.set_file_sha256(std::string(32, '\x01'));
  image.mutable_context_info()->set_stanza_id("3EB0");
  image.mutable_context_info()->set_forwarding_score(1);
  image.mutable_context_info()->set_is_forwarded(true);
  return message;
}

constexpr const char* kImageContent =
    "1a361a036361704220"
    "0808080808080808080808080808080808080808080808080808080808080808"
    "5a042f762f788a0106a80101b00101";

}  // namespace

TEST_CASE("the known token of a text") {
  const auto message = base::concat(hex("0a0568656c6c6f9a02221a20"), counting_secret());
  CHECK(base::to_hex(reporting_key(counting_secret(), example())) ==
        "300b5d3f147d6879ddef988c3ccf05008bb91650e4d4b4590e08270e63a300c9");
  CHECK(base::to_hex(*reporting_content(message)) == "0a0568656c6c6f");
  const auto token = reporting_token(message, counting_secret(), example());
  REQUIRE(token.has_value());
  CHECK(base::to_hex(token->value()) == "abecf1e564b770b51ef05713c2ac7c89");
}

TEST_CASE("of an image, path and key are reported, but neither address nor quote") {
  const auto message = bytes_of(image_message());
  CHECK(base::to_hex(*reporting_content(message)) == kImageContent);
  const auto token = reporting_token(message, counting_secret(), example());
  CHECK(base::to_hex(token->value()) == "1b2f3570c63f1da9eb3cc69af7cc088b");
}

TEST_CASE("choosing fields twice chooses the same") {
  const auto once = *reporting_content(bytes_of(image_message()));
  CHECK(*reporting_content(once) == once);
}

TEST_CASE("fields are sorted by number, equal ones keep their order") {
  CHECK(base::to_hex(*reporting_content(hex("32030a0162"
                                            "0a0161"
                                            "0a0163"))) == "0a01610a016332030a0162");
}

TEST_CASE("a message in a wrapper is chosen from like any other; an empty rest is dropped") {
  Message wrapped;
  *wrapped.mutable_view_once_message_v2()->mutable_message() = image_message();
  const auto content = *reporting_content(bytes_of(wrapped));
  CHECK(base::to_hex(content) == "ba033a0a38" + std::string{kImageContent});

  Message nothing;
  nothing.mutable_view_once_message_v2()->mutable_message()->mutable_message_context_info();
  CHECK(reporting_content(bytes_of(nothing))->empty());
  CHECK_FALSE(reporting_token(bytes_of(nothing), counting_secret(), example())->has_value());
}

TEST_CASE("reactions, votes and answers to events have no token") {
  Message reaction;
  reaction.mutable_reaction_message()->set_text("x");
  Message vote;
  vote.set_poll_update_message("");
  Message encrypted;
  encrypted.set_enc_reaction_message("");
  Message answer;
  answer.set_enc_event_response_message("");
  for (Message* one : {&reaction, &vote, &encrypted, &answer}) {
    one->set_conversation("text");
    CHECK_FALSE(reporting_token(bytes_of(*one), counting_secret(), example())->has_value());
  }
}

TEST_CASE("bytes that are no message, and bottomless ones, are refused") {
  for (const char* bad : {"0a05", "02", "0f", "1a030a05", "0affffffffffffffffffff01"})
    CHECK_FALSE(reporting_content(hex(bad)).has_value());
  Message deep;
  for (int i = 0; i < 100; ++i) {
    Message next;
    *next.mutable_view_once_message()->mutable_message() = std::move(deep);
    deep = std::move(next);
  }
  const auto content = reporting_content(bytes_of(deep));
  REQUIRE_FALSE(content.has_value());
  CHECK(content.error().code == base::ErrorCode::kLimit);
}
