#include "queue/queued_payload.h"

#include <doctest/doctest.h>

using namespace worker;

TEST_CASE("a journalled message comes back as it was queued") {
  edge::QueuedMessage message;
  message.id = "q-1";
  message.instance_id = "inst";
  message.to = "123@lid";
  message.body = "olá \"mundo\" \n\xf0\x9f\x8c\x8d";
  message.type = "text";
  message.quoted_id = "3EB0AA";
  message.quoted_sender = "5511@s.whatsapp.net";
  message.mentions = {"a@lid", "b@lid"};
  message.expires_at = edge::WallTime{std::chrono::milliseconds{1'760'000'000'123}};
  const auto back = decode_payload(encode_payload(message), "inst").value();
  CHECK(back.id == message.id);
  CHECK(back.instance_id == "inst");
  CHECK(back.to == message.to);
  CHECK(back.body == message.body);
  CHECK(back.type == "text");
  CHECK(back.quoted_id == message.quoted_id);
  CHECK(back.quoted_sender == message.quoted_sender);
  CHECK(back.mentions == message.mentions);
  CHECK(back.expires_at == message.expires_at);
  CHECK_FALSE(back.media.has_value());
}

TEST_CASE("media and typed payloads keep their kind") {
  edge::QueuedMessage media;
  media.id = "q";
  media.to = "5511999990000";
  media.type = "ptt";
  media.media = edge::QueuedMedia{"https://x/y.ogg", "audio", "audio/ogg", "y.ogg"};
  const auto back = decode_payload(encode_payload(media), "i").value();
  CHECK(back.type == "ptt");
  REQUIRE(back.media.has_value());
  CHECK(back.media->url == "https://x/y.ogg");
  CHECK(back.media->file_name == "y.ogg");

  edge::QueuedMessage location;
  location.id = "q";
  location.to = "5511999990000";
  location.type = "location";
  location.payload_json = R"({"latitude":1.5})";
  CHECK(decode_payload(encode_payload(location), "i").value().payload_json == location.payload_json);
}

TEST_CASE("a journal entry that is not ours is an error, not a message") {
  for (const char* text : {"", "null", "[]", "{}", "[{}]", "[1]", "nonsense", R"([{"id":"q","to":"1"}])"})
    CHECK_FALSE(decode_payload(text, "i").has_value());
}

TEST_CASE("notes survive the journal, and nonsense is an empty note") {
  const SendNote note{.result = "no \"way\"", .sent_at = 77, .retryable = edge::Retryable::kYes};
  const auto back = decode_note(encode_note(note));
  CHECK(back.result == note.result);
  CHECK(back.sent_at == 77);
  CHECK(back.retryable == edge::Retryable::kYes);
  CHECK(decode_note("").result.empty());
  CHECK(decode_note("[1]").sent_at == 0);
  CHECK(decode_note("{}").retryable == edge::Retryable::kNo);
}
