#include "whatsapp/media/history_reader.h"

#include <algorithm>
#include <utility>

#include "whatsapp/media/history_records.h"

namespace whatsapp::media {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::Result;

/// Field numbers with a treatment of their own.
enum ChunkField : std::uint32_t { kConversations = 2, kPushNames = 7, kLidMappings = 15, kContacts = 20 };
enum ConversationField : std::uint32_t { kId = 1, kMessages = 2 };

constexpr std::uint64_t kChunkEnd = FieldStream::kEndOfSource;

template <class Item>
std::optional<HistoryItem> as_item(std::optional<Item> item) {
  if (!item) return std::nullopt;
  return HistoryItem{*std::move(item)};
}

}  // namespace

HistoryReader::HistoryReader(ByteSource& compressed, const HistoryOptions& options)
    : options_(options), inflated_(compressed, options.inflate), fields_(inflated_) {}

Result<HistoryItem> HistoryReader::next() {
  for (;;) {
    Found found = std::visit([this](auto& state) { return step(state); }, state_);
    if (!found) {
      state_ = Over{found.error()};
      return base::fail(std::move(found).error());
    }
    if (*found) return **std::move(found);
  }
}

HistoryReader::Found HistoryReader::step(Over& over) { return base::fail(over.why); }

HistoryReader::Found HistoryReader::step(InChunk& /*here*/) {
  WA_TRY(const bool over, fields_.at_end(kChunkEnd));
  if (over) return end_chunk();
  WA_TRY(const FieldTag tag, fields_.read_tag(kChunkEnd));
  if (is_chunk_header_field(tag.number)) {
    WA_TRY_VOID(fields_.copy_field(tag, kChunkEnd, options_.limits.header_bytes, header_));
    return std::nullopt;
  }
  if (tag.type == WireType::kBytes) {
    if (tag.number == kConversations) {
      WA_TRY_VOID(open_conversation());
      return std::nullopt;
    }
    if (tag.number == kPushNames || tag.number == kLidMappings || tag.number == kContacts)
      return read_record(tag);
  }
  WA_TRY_VOID(fields_.skip_value(tag, kChunkEnd));
  return std::nullopt;
}

HistoryReader::Found HistoryReader::end_chunk() {
  WA_TRY(HistoryEnd end, read_chunk_header(header_));
  end.conversations = counts_.conversations;
  end.messages = counts_.messages;
  end.nameless = counts_.nameless;
  state_ = Over{{ErrorCode::kClosed, "history: read to its end"}};
  return HistoryItem{std::move(end)};
}

HistoryReader::Found HistoryReader::read_record(FieldTag tag) {
  Bytes record;
  WA_TRY_VOID(fields_.read_bytes(kChunkEnd, options_.limits.record_bytes, record));
  if (tag.number == kPushNames) {
    WA_TRY(auto name, read_push_name(record));
    return as_item(std::move(name));
  }
  if (tag.number == kLidMappings) {
    WA_TRY(auto mapping, read_lid_mapping(record));
    return as_item(std::move(mapping));
  }
  WA_TRY(auto contact, read_contact(record));
  return HistoryItem{std::move(contact)};
}

Result<void> HistoryReader::open_conversation() {
  WA_TRY(const std::uint64_t length, fields_.read_length(kChunkEnd));
  InConversation chat;
  chat.end = fields_.position() + length;
  ++counts_.conversations;
  state_ = std::move(chat);
  return {};
}

HistoryReader::Found HistoryReader::step(InConversation& chat) {
  if (!chat.id.empty() && !chat.parked.empty()) {
    HistoryMessage message = std::move(chat.parked.front());
    chat.parked.pop_front();
    message.chat = chat.id;
    return HistoryItem{std::move(message)};
  }
  WA_TRY(const bool over, fields_.at_end(chat.end));
  if (over) return end_conversation(chat);
  WA_TRY(const FieldTag tag, fields_.read_tag(chat.end));
  if (tag.type == WireType::kBytes && tag.number == kMessages) return read_message(chat);
  if (tag.type == WireType::kBytes && tag.number == kId) {
    WA_TRY_VOID(read_conversation_id(chat));
  } else if (is_conversation_header_field(tag.number)) {
    WA_TRY_VOID(fields_.copy_field(tag, chat.end, options_.limits.header_bytes, chat.header));
  } else {
    WA_TRY_VOID(fields_.skip_value(tag, chat.end));
  }
  return std::nullopt;
}

Result<void> HistoryReader::read_conversation_id(InConversation& chat) {
  Bytes id;
  WA_TRY_VOID(fields_.read_bytes(chat.end, options_.limits.record_bytes, id));
  chat.id = base::to_string(id);
  append_bytes_field(chat.header, kId, id);
  return {};
}

HistoryReader::Found HistoryReader::read_message(InConversation& chat) {
  if (options_.scope == HistoryScope::kWithoutMessages) {
    ++counts_.messages;
    WA_TRY_VOID(fields_.skip_value({.number = kMessages, .type = WireType::kBytes}, chat.end));
    return std::nullopt;
  }
  Bytes record;
  WA_TRY_VOID(fields_.read_bytes(chat.end, options_.limits.message_bytes, record));
  WA_TRY(std::optional<HistoryMessage> message, read_message_record(record, options_.latest));
  if (!message) {
    ++counts_.nameless;
    return std::nullopt;
  }
  ++counts_.messages;
  ++chat.messages;
  chat.timeline.add(*message);
  if (chat.receiver.empty()) chat.receiver = message->first_receiver;
  if (!chat.id.empty()) {
    message->chat = chat.id;
    return HistoryItem{*std::move(message)};
  }
  chat.parked_bytes += record.size();
  if (chat.parked.size() == options_.limits.parked_messages ||
      chat.parked_bytes > options_.limits.parked_bytes)
    return base::fail(ErrorCode::kLimit, "history: too many messages before the id of their conversation");
  chat.parked.push_back(*std::move(message));
  return std::nullopt;
}

HistoryReader::Found HistoryReader::end_conversation(InConversation& chat) {
  WA_TRY(HistoryConversation conversation, read_conversation_header(chat.header));
  conversation.messages = chat.messages;
  conversation.order = chat.timeline.order();
  conversation.oldest = chat.timeline.oldest();
  conversation.newest = chat.timeline.newest();
  if (conversation.pn.empty() && conversation.id.ends_with("@lid"))
    conversation.likely_pn = std::move(chat.receiver);
  state_ = InChunk{};
  return HistoryItem{std::move(conversation)};
}

}  // namespace whatsapp::media
