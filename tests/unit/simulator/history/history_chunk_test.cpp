#include "simulator/history/history_chunk.h"

#include <doctest/doctest.h>

#include "../recorder.h"
#include "proto/message.pb.h"
#include "whatsapp/media/history_notification.h"
#include "whatsapp/media/history_reader.h"

namespace simulator {
namespace {

namespace media = whatsapp::media;

HistoryScript script_of(HistoryPlan plan, std::size_t chats = 3) {
  HistoryScript script{.plan = std::move(plan), .chats = {}, .now = 1'760'000'000, .seed = 5};
  for (std::size_t i = 0; i < chats; ++i)
    script.chats.push_back({std::to_string(5511900 + i) + "@s.whatsapp.net",
                            std::to_string(9900 + i) + "@lid", "Chat " + std::to_string(i)});
  return script;
}

struct Read {
  std::vector<media::HistoryMessage> messages;
  std::vector<media::HistoryConversation> conversations;
  std::vector<media::LidMapping> mappings;
  std::vector<media::PushName> names;
  media::HistoryEnd end;
};

base::Result<Read> read(base::ByteView compressed) {
  media::MemorySource source(compressed);
  media::HistoryOptions options;
  options.latest = 1'760'000'000 + 86'400;
  media::HistoryReader reader(source, options);
  Read out;
  for (;;) {
    WA_TRY(media::HistoryItem item, reader.next());
    if (auto* message = std::get_if<media::HistoryMessage>(&item)) out.messages.push_back(*message);
    if (auto* chat = std::get_if<media::HistoryConversation>(&item)) out.conversations.push_back(*chat);
    if (auto* mapping = std::get_if<media::LidMapping>(&item)) out.mappings.push_back(*mapping);
    if (auto* name = std::get_if<media::PushName>(&item)) out.names.push_back(*name);
    if (auto* end = std::get_if<media::HistoryEnd>(&item)) {
      out.end = *end;
      return out;
    }
  }
}

/// Makes the chunk, and reads it the way a companion gets it.
base::Result<Read> round_trip(MediaStore& store, const HistoryScript& script,
                              InlineOffer offer = InlineOffer::kRefused) {
  WA_TRY(const HistoryChunk chunk, make_history_chunk(store, script, media::MediaKey{}, offer));
  if (!chunk.inline_payload.empty()) return read(chunk.inline_payload);
  WA_TRY(const base::Bytes compressed, fetch_bytes(store, chunk.file));
  return read(compressed);
}

TEST_CASE("a bootstrap has chats, messages newest first, mappings and secrets") {
  MediaStore store;
  const auto got = round_trip(store, script_of({.messages_per_chat = 4}));
  REQUIRE(got);
  CHECK(got->messages.size() == 12);
  REQUIRE(got->conversations.size() == 3);
  CHECK(got->conversations[0].order == media::MessageOrder::kNewestFirst);
  CHECK(got->conversations[1].token);
  CHECK(got->mappings.size() == 3);
  CHECK(got->end.nct_salt.size() == 32);
  CHECK(got->messages[0].id == "HIST5511900-3");
  CHECK(history_message_number(got->messages[0].id) == 3);
}

TEST_CASE("oddities are legal") {
  MediaStore store;
  HistoryPlan plan{.messages_per_chat = 20, .chat_ids = HistoryPlan::ChatIds::kMixed};
  plan.odd = {
      .unknown_fields = true, .id_after_messages = true, .future_timestamps = true, .c_us_mappings = true};
  const auto got = round_trip(store, script_of(plan));
  REQUIRE(got);
  CHECK(got->messages.size() == 60);
  CHECK(got->conversations[1].id == "9901@lid");
  CHECK(got->mappings[0].pn == "5511900@c.us");
}

TEST_CASE("small bootstraps travel inside the message if that is offered, others never") {
  MediaStore store;
  const auto inline_chunk =
      make_history_chunk(store, script_of({}), media::MediaKey{}, InlineOffer::kOffered);
  CHECK_FALSE(inline_chunk->inline_payload.empty());
  HistoryPlan recent{.type = HistoryType::kRecent};
  const auto outside = make_history_chunk(store, script_of(recent), media::MediaKey{}, InlineOffer::kOffered);
  CHECK(outside->inline_payload.empty());
  whatsapp::proto::Message message;
  const base::Bytes notice = history_notice(*outside);
  REQUIRE(message.ParseFromArray(notice.data(), static_cast<int>(notice.size())));
  const auto read_notice = media::read_history_notification(
      base::as_bytes(message.protocol_message().history_sync_notification()));
  REQUIRE(read_notice);
  CHECK(read_notice->sync_type == media::SyncType::kRecent);
  CHECK(std::holds_alternative<media::ExternalHistory>(read_notice->data));
}

TEST_CASE("a page on demand ends before the message that was named") {
  MediaStore store;
  HistoryPlan plan{.type = HistoryType::kOnDemand, .messages_per_chat = 10, .archive = 100};
  plan.before_number = 50;
  const auto got = round_trip(store, script_of(plan, 1));
  REQUIRE(got);
  REQUIRE(got->messages.size() == 10);
  CHECK(got->messages.front().id == "HIST5511900-49");
  CHECK(got->messages.back().id == "HIST5511900-40");
  CHECK(got->messages.front().timestamp < 1'760'000'000);
}

TEST_CASE("faults make a chunk unreadable in their own way") {
  using Fault = HistoryPlan::Fault;
  MediaStore store;
  const auto with = [&](Fault fault) {
    HistoryPlan plan{.messages_per_chat = 50, .place = HistoryPlan::Place::kExternal};
    plan.fault = fault;
    return round_trip(store, script_of(plan));
  };
  CHECK(with(Fault::kNone));
  CHECK(with(Fault::kGzip));
  CHECK(with(Fault::kTruncated).error().code == base::ErrorCode::kMalformed);
  CHECK(with(Fault::kNotProtobuf).error().code == base::ErrorCode::kMalformed);
  CHECK(with(Fault::kCorruptBlob).error().code == base::ErrorCode::kCorrupt);
  CHECK(with(Fault::kWrongHash).error().code == base::ErrorCode::kCorrupt);
  CHECK(with(Fault::kExpired).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("a chunk of many megabytes is large on the media host too") {
  MediaStore store;
  HistoryPlan plan{.messages_per_chat = 4'000, .message_bytes = 1'000};
  const auto chunk = make_history_chunk(store, script_of(plan, 2), media::MediaKey{}, InlineOffer::kOffered);
  REQUIRE(chunk);
  CHECK(chunk->compressed_size > 5'000'000);
  CHECK(chunk->inline_payload.empty());
}

}  // namespace
}  // namespace simulator
