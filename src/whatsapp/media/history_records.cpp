#include "whatsapp/media/history_records.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "proto/history.pb.h"

namespace whatsapp::media {
namespace {

using base::ByteView;
using base::Result;

constexpr std::array<std::uint32_t, 23> kConversationFields{1,  5,  6,  7,  8,  9,  10, 11, 12, 13, 16, 18,
                                                            19, 21, 22, 24, 25, 28, 38, 39, 42, 43, 49};
constexpr std::array<std::uint32_t, 6> kChunkFields{1, 5, 6, 8, 16, 19};

template <class Record>
Result<Record> parse(ByteView bytes, const char* what) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return base::fail(base::ErrorCode::kMalformed, std::string{"history: damaged "} + what);
  return record;
}

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

std::int64_t seconds_up_to(std::int64_t latest, std::uint64_t seconds) {
  return std::cmp_less(seconds, latest) ? static_cast<std::int64_t>(seconds) : latest;
}

std::int64_t seconds(std::uint64_t time) { return seconds_up_to(kEndOfTime, time); }

/// Some phones write milliseconds where seconds belong. `too_late`: no time in seconds is beyond it.
std::int64_t seconds_of_either(std::uint64_t time, std::uint64_t too_late) {
  return seconds(time > too_late ? time / 1000 : time);
}

/// All parts of a message that came in several, see the schema.
base::Bytes joined(const proto::WebMessageInfo& info) {
  base::Bytes content;
  for (const auto& part : info.message()) base::append(content, base::as_bytes(part));
  return content;
}

std::optional<TrustedContactToken> token_of(const proto::Conversation& record) {
  if (record.tc_token().empty()) return std::nullopt;
  return TrustedContactToken{.token = base::to_bytes(record.tc_token()),
                             .timestamp = seconds(record.tc_token_timestamp()),
                             .sender_timestamp = seconds(record.tc_token_sender_timestamp())};
}

}  // namespace

bool is_conversation_header_field(std::uint32_t number) {
  return std::ranges::find(kConversationFields, number) != kConversationFields.end();
}

bool is_chunk_header_field(std::uint32_t number) {
  return std::ranges::find(kChunkFields, number) != kChunkFields.end();
}

Result<std::optional<HistoryMessage>> read_message_record(ByteView record, std::int64_t latest) {
  WA_TRY(const auto entry, parse<proto::HistorySyncMsg>(record, "message"));
  const proto::WebMessageInfo& info = entry.message();
  if (info.key().id().empty()) return std::nullopt;
  HistoryMessage message;
  message.id = info.key().id();
  message.from_me = info.key().from_me();
  message.participant = info.key().participant().empty() ? info.participant() : info.key().participant();
  message.timestamp = seconds_up_to(latest, info.message_timestamp());
  message.status = info.status();
  message.order_id = entry.msg_order_id();
  if (info.message_size() > 0) message.content = joined(info);
  message.push_name = info.push_name();
  if (message.from_me && info.user_receipt_size() > 0)
    message.first_receiver = info.user_receipt(0).user_jid();
  if (info.message_secret().size() == 32) message.secret = base::to_bytes(info.message_secret());
  message.starred = info.starred();
  return message;
}

Result<std::optional<PushName>> read_push_name(ByteView bytes) {
  WA_TRY(const auto record, parse<proto::Pushname>(bytes, "push name"));
  if (record.id().empty() || record.pushname().empty() || record.pushname() == "-") return std::nullopt;
  return PushName{.user = record.id(), .name = record.pushname()};
}

Result<std::optional<LidMapping>> read_lid_mapping(ByteView bytes) {
  WA_TRY(const auto record, parse<proto::PhoneNumberToLIDMapping>(bytes, "LID mapping"));
  if (record.pn_jid().empty() || record.lid_jid().empty()) return std::nullopt;
  return LidMapping{.pn = record.pn_jid(), .lid = record.lid_jid()};
}

Result<HistoryContact> read_contact(ByteView bytes) {
  WA_TRY(const auto record, parse<proto::InlineContact>(bytes, "contact"));
  return HistoryContact{.pn = record.pn_jid(),
                        .lid = record.lid_jid(),
                        .full_name = record.full_name(),
                        .first_name = record.first_name(),
                        .username = record.username()};
}

Result<HistoryConversation> read_conversation_header(ByteView fields) {
  constexpr std::uint64_t kLatestMute = 100'000'000'000;
  constexpr std::uint64_t kLatestSetting = 10'000'000'000;
  WA_TRY(const auto record, parse<proto::Conversation>(fields, "conversation"));
  if (record.id().empty())
    return base::fail(base::ErrorCode::kMalformed, "history: conversation without an id");
  HistoryConversation chat;
  chat.id = record.id();
  chat.name = record.name();
  chat.display_name = record.display_name();
  chat.username = record.username();
  chat.pn = record.pn_jid();
  chat.lid = record.lid_jid().empty() ? record.account_lid() : record.lid_jid();
  chat.token = token_of(record);
  chat.last_message_at = seconds(record.last_msg_timestamp());
  chat.conversation_at = seconds(record.conversation_timestamp());
  chat.pinned_at = record.pinned();
  chat.muted_until = seconds_of_either(record.mute_end_time(), kLatestMute);
  chat.ephemeral_seconds = record.ephemeral_expiration();
  const auto set_at = std::max<std::int64_t>(record.ephemeral_setting_timestamp(), 0);
  chat.ephemeral_set_at = seconds_of_either(static_cast<std::uint64_t>(set_at), kLatestSetting);
  chat.unread = record.unread_count();
  chat.unread_mentions = record.unread_mention_count();
  chat.marked_unread = record.marked_as_unread();
  chat.archived = record.archived();
  chat.read_only = record.read_only();
  chat.end_of_transfer = record.end_of_history_transfer();
  if (record.has_end_of_history_transfer_type())
    chat.transfer = static_cast<EndOfTransfer>(record.end_of_history_transfer_type());
  return chat;
}

Result<HistoryEnd> read_chunk_header(ByteView fields) {
  WA_TRY(const auto record, parse<proto::HistorySync>(fields, "header"));
  if (!record.has_sync_type())
    return base::fail(base::ErrorCode::kMalformed, "history: chunk without a type");
  HistoryEnd end;
  end.sync_type = static_cast<SyncType>(record.sync_type());
  end.chunk_order = record.chunk_order();
  end.progress = record.progress();
  const proto::GlobalSettings& settings = record.global_settings();
  if (settings.has_chat_db_lid_migration_timestamp())
    end.lid_migration_at = settings.chat_db_lid_migration_timestamp();
  if (settings.has_auto_unarchive_chats()) end.auto_unarchive_chats = settings.auto_unarchive_chats();
  end.companion_meta_nonce = record.companion_meta_nonce();
  end.nct_salt = base::to_bytes(record.nct_salt());
  return end;
}

}  // namespace whatsapp::media
