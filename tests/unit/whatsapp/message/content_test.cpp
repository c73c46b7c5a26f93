#include "whatsapp/message/content.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "proto/message.pb.h"
#include "vector_check/unit.h"
#include "whatsapp/message/content_builder.h"

using namespace whatsapp;
using message::Kind;
using message::read_message;

namespace {

base::Bytes bytes_of(const proto::Message& message) { return base::to_bytes(message.SerializeAsString()); }

message::Content content_of(const proto::Message& message) {
  const auto read = read_message(bytes_of(message));
  REQUIRE(read);
  return read->content;
}

proto::Message text(const std::string& body) {
  proto::Message message;
  message.set_conversation(body);
  return message;
}

/// `levels` ephemeral wrappers around a text.
proto::Message wrapped(int levels) {
  proto::Message message = text("inside");
  for (int i = 0; i < levels; ++i) {
    proto::Message outer;
    outer.mutable_ephemeral_message()->mutable_message()->Swap(&message);
    message.Swap(&outer);
  }
  return message;
}

/// A text that quotes a text that quotes …: `messages` of them inside each other.
proto::Message quoting(std::size_t messages) {
  proto::Message message = text("innermost");
  for (std::size_t i = 1; i < messages; ++i) {
    proto::Message outer;
    auto& extended = *outer.mutable_extended_text_message();
    extended.set_text("outer");
    extended.mutable_context_info()->mutable_quoted_message()->Swap(&message);
    message.Swap(&outer);
  }
  return message;
}

}  // namespace

TEST_CASE("messages of other clients are read as they meant them") {
  vector_check::check_vectors("messages.json", vector_check::run_messages);
}

TEST_CASE("a plain text is a conversation; with a quote or mentions it has a context, both read back") {
  const message::MessageSecret secret{7};
  const auto plain = read_message(message::build_text({"hello", {}, {}}, secret));
  REQUIRE(plain);
  CHECK(plain->content.kind == Kind::kText);
  CHECK(plain->content.text == "hello");
  CHECK(plain->content.quoted_id.empty());

  const message::TextContent rich{"@15550001111 look",
                                  message::Quote{"ABC", "15550002222@s.whatsapp.net"},
                                  {"15550001111@s.whatsapp.net"}};
  const auto read = read_message(message::build_text(rich, secret));
  REQUIRE(read);
  CHECK(read->content.text == "@15550001111 look");
  CHECK(read->content.quoted_id == "ABC");
  CHECK(read->content.quoted_author == "15550002222@s.whatsapp.net");
  CHECK(read->content.mentions == rich.mentions);
}

TEST_CASE("the form for our own devices wraps the very bytes and names the chat") {
  const base::Bytes hello = bytes_of(text("hello"));
  CHECK(base::to_hex(message::wrap_device_sent(hello, "200000000000002@lid")) ==
        "fa011e0a13323030303030303030303030303032406c696412070a0568656c6c6f");

  const message::MessageSecret secret{1, 2, 3};
  const auto wrapped_text = message::wrap_device_sent(message::build_text({"hi", {}, {}}, secret), "1@lid");
  proto::Message outer;
  REQUIRE(outer.ParseFromArray(wrapped_text.data(), static_cast<int>(wrapped_text.size())));
  const std::string expected(secret.begin(), secret.end());
  CHECK(outer.message_context_info().message_secret() == expected);
  CHECK(outer.device_sent_message().message().message_context_info().message_secret() == expected);

  const auto read = read_message(wrapped_text);
  REQUIRE(read);
  REQUIRE(read->device_sent);
  CHECK(read->device_sent->destination == "1@lid");
  CHECK(read->content.text == "hi");
}

TEST_CASE("ten wrappers are taken off, eleven are unsupported, and neither overflows") {
  CHECK(content_of(wrapped(10)).text == "inside");
  CHECK(content_of(wrapped(10)).ephemeral);
  CHECK(content_of(wrapped(11)).kind == Kind::kUnsupported);
}

TEST_CASE("a wrapper with nothing inside says nothing") {
  proto::Message message;
  message.mutable_view_once_message_v2();
  const auto content = content_of(message);
  CHECK(content.kind == Kind::kNone);
  CHECK(content.view_once);
}

TEST_CASE("sixty-four messages inside each other are read, one more is refused, thousands are, too") {
  CHECK(content_of(quoting(message::kMaxNesting)).text == "outer");
  const auto deep = read_message(bytes_of(quoting(message::kMaxNesting + 1)));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().code == base::ErrorCode::kLimit);
  CHECK_FALSE(read_message(bytes_of(quoting(2000))));
}

TEST_CASE("an unknown field number is content we do not support, not an error") {
  const base::Bytes unknown{0xC2, 0x3E, 0x02, 0x08, 0x01};  // field 1000, length-delimited
  const auto read = read_message(unknown);
  REQUIRE(read);
  CHECK(read->content.kind == Kind::kUnsupported);
}

TEST_CASE("of several contents the lowest field number counts, a sender key beside it does not") {
  proto::Message message = text("the text");
  message.mutable_reaction_message()->set_text("x");
  message.mutable_sender_key_distribution_message()->set_group_id("1-2@g.us");
  const auto read = read_message(bytes_of(message));
  REQUIRE(read);
  CHECK(read->content.kind == Kind::kText);
  REQUIRE(read->sender_key);
  CHECK(read->sender_key->group == "1-2@g.us");
}

TEST_CASE("a sender key is found inside the form for own devices, never inside other wrappers") {
  proto::Message inner = text("x");
  inner.mutable_sender_key_distribution_message()->set_group_id("g");
  proto::Message from_own;
  *from_own.mutable_device_sent_message()->mutable_message() = inner;
  CHECK(read_message(bytes_of(from_own))->sender_key.has_value());
  proto::Message hidden;
  *hidden.mutable_ephemeral_message()->mutable_message() = inner;
  CHECK_FALSE(read_message(bytes_of(hidden))->sender_key.has_value());
}

TEST_CASE("an edit names its target and the new text, wrapped or not; a revoke names its target") {
  proto::Message edit;
  auto& protocol = *edit.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::MESSAGE_EDIT);
  protocol.mutable_key()->set_id("TARGET");
  *protocol.mutable_edited_message() = text("better");
  proto::Message wrapped_edit;
  *wrapped_edit.mutable_edited_message()->mutable_message() = edit;
  for (const auto& message : {edit, wrapped_edit}) {
    const auto content = content_of(message);
    CHECK(content.kind == Kind::kEdit);
    CHECK(content.target.id == "TARGET");
    CHECK(content.text == "better");
  }

  proto::Message revoke;
  revoke.mutable_protocol_message()->mutable_key()->set_id("GONE");  // type absent: the first value
  CHECK(content_of(revoke).kind == Kind::kRevoke);
  CHECK(content_of(revoke).target.id == "GONE");
}

TEST_CASE("keys and LID mappings of the phone are read as notices, zero numbers left out") {
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::APP_STATE_SYNC_KEY_SHARE);
  auto& key = *protocol.mutable_app_state_sync_key_share()->add_keys();
  key.mutable_key_id()->set_key_id("id");
  key.mutable_key_data()->set_key_data("secret");
  protocol.mutable_app_state_sync_key_share()->add_keys();  // without data: left out
  auto read = read_message(bytes_of(message));
  REQUIRE(read);
  CHECK(read->content.kind == Kind::kNone);
  CHECK(std::get<message::AppStateKeys>(read->self_notice).keys.size() == 1);

  proto::LIDMigrationMappingSyncPayload payload;
  auto& latest = *payload.add_pn_to_lid_mappings();
  latest.set_pn(15550001111);
  latest.set_assigned_lid(1);
  latest.set_latest_lid(18446744073709551615ULL);
  payload.add_pn_to_lid_mappings()->set_pn(5);
  message.Clear();
  message.mutable_protocol_message()->set_type(proto::ProtocolMessage::LID_MIGRATION_MAPPING_SYNC);
  message.mutable_protocol_message()
      ->mutable_lid_migration_mapping_sync_message()
      ->set_encoded_mapping_payload(payload.SerializeAsString());
  read = read_message(bytes_of(message));
  REQUIRE(read);
  const auto& pairs = std::get<message::LidMappings>(read->self_notice).pairs;
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].first == "15550001111");
  CHECK(pairs[0].second == "18446744073709551615");
}

TEST_CASE("a known field with the wrong wire type is unknown, not an error") {
  const base::Bytes varint_conversation{0x08, 0x01};
  const auto read = read_message(varint_conversation);
  REQUIRE(read);
  CHECK(read->content.kind == Kind::kUnsupported);
}

TEST_CASE("no prefix of a message crashes the reader") {
  const auto whole = bytes_of(quoting(5));
  for (std::size_t length = 0; length < whole.size(); ++length)
    (void)read_message(base::ByteView{whole}.first(length));
}
