#include "simulator/history/history_stream.h"

#include <zlib.h>

#include <algorithm>

#include "proto/history.pb.h"
#include "whatsapp/media/field_stream.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::media::append_bytes_field;

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kDecades = 30LL * 365 * 24 * 60 * 60;
/// Fields of HistorySync, Conversation and WebMessageInfo.
constexpr std::uint32_t kConversations = 2;
constexpr std::uint32_t kPushNames = 7;
constexpr std::uint32_t kMappings = 15;
constexpr std::uint32_t kMessages = 2;
constexpr std::uint32_t kUnknown = 1999;

base::Bytes bytes_of(const google::protobuf::MessageLite& message) {
  return base::to_bytes(message.SerializeAsString());
}

std::string with_old_server(const std::string& pn) { return pn.substr(0, pn.find('@')) + "@c.us"; }

std::uint64_t archive_of(const HistoryPlan& plan) { return std::max(plan.archive, plan.messages_per_chat); }

bool has_chats(HistoryType type) {
  return type == HistoryType::kInitialBootstrap || type == HistoryType::kFull ||
         type == HistoryType::kRecent || type == HistoryType::kOnDemand;
}

}  // namespace

std::string history_message_id(const HistoryChat& chat, std::uint64_t number) {
  return "HIST" + chat.pn.substr(0, chat.pn.find('@')) + '-' + std::to_string(number);
}

std::optional<std::uint64_t> history_message_number(const std::string& id) {
  const std::size_t dash = id.rfind('-');
  if (!id.starts_with("HIST") || dash == std::string::npos || dash + 1 == id.size()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : id.substr(dash + 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return number;
}

// ---- HistoryStream ----------------------------------------------------------------------------------

Result<std::size_t> HistoryStream::read(base::MutableByteView room) {
  while (taken_ == buffer_.size() && part_ != Part::kEnd) {
    buffer_.clear();
    taken_ = 0;
    write_next();
  }
  const std::size_t size = std::min(room.size(), buffer_.size() - taken_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(taken_), size, room.begin());
  taken_ += size;
  return size;
}

void HistoryStream::write_next() {
  const bool chats = has_chats(script_.plan.type);
  switch (part_) {
    case Part::kHeader:
      write_header();
      part_ = chats && !script_.chats.empty() ? Part::kChats : Part::kTrailer;
      break;
    case Part::kChats:
      write_chat(script_.chats[next_chat_], next_chat_);
      if (++next_chat_ == script_.chats.size()) part_ = Part::kTrailer;
      break;
    case Part::kTrailer:
      write_trailer();
      part_ = Part::kEnd;
      break;
    case Part::kEnd:
      break;
  }
}

void HistoryStream::write_header() {
  const HistoryPlan& plan = script_.plan;
  whatsapp::proto::HistorySync header;
  header.set_sync_type(static_cast<std::uint32_t>(plan.type));
  header.set_chunk_order(plan.chunk_order);
  header.set_progress(plan.progress);
  if (plan.type == HistoryType::kInitialBootstrap) {
    header.set_companion_meta_nonce("simulator-nonce");
    header.set_nct_salt(std::string(32, '\x42'));
    header.mutable_global_settings()->set_chat_db_lid_migration_timestamp(script_.now - 1000);
  }
  buffer_ = bytes_of(header);
  if (plan.odd.unknown_fields) append_bytes_field(buffer_, kUnknown, base::as_bytes("of tomorrow"));
}

void HistoryStream::write_chat(const HistoryChat& chat, std::size_t position) {
  const HistoryPlan& plan = script_.plan;
  const bool lid = plan.chat_ids == HistoryPlan::ChatIds::kLid ||
                   (plan.chat_ids == HistoryPlan::ChatIds::kMixed && position % 2 == 1);
  whatsapp::proto::Conversation header;
  header.set_id(lid ? chat.lid : chat.pn);
  const std::uint64_t total = plan.before_number.value_or(archive_of(plan));
  header.set_last_msg_timestamp(static_cast<std::uint64_t>(script_.now));
  header.set_conversation_timestamp(static_cast<std::uint64_t>(script_.now));
  header.set_unread_count(static_cast<std::uint32_t>(position % 3));
  header.set_archived(position % 4 == 3);
  header.set_pinned(position % 4 == 1 ? static_cast<std::uint32_t>(script_.now) : 0);
  header.set_end_of_history_transfer_type(plan.end_of_transfer);
  header.set_name(chat.name);
  header.set_pn_jid(chat.pn);
  header.set_lid_jid(chat.lid);
  header.set_tc_token("token-of-" + chat.name);
  header.set_tc_token_timestamp(static_cast<std::uint64_t>(script_.now - 3600));

  base::Bytes conversation;
  if (!plan.odd.id_after_messages) conversation = bytes_of(header);
  const std::uint64_t count = std::min<std::uint64_t>(total, plan.messages_per_chat);
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool newest_first = plan.order == HistoryPlan::Order::kNewestFirst;
    const std::uint64_t number = newest_first ? total - 1 - i : total - count + i;
    append_bytes_field(conversation, kMessages, message(chat, header.id(), number));
  }
  if (plan.odd.id_after_messages) base::append(conversation, bytes_of(header));
  if (plan.odd.unknown_fields) append_bytes_field(conversation, kUnknown, base::as_bytes("of tomorrow"));
  append_bytes_field(buffer_, kConversations, conversation);
}

base::Bytes HistoryStream::message(const HistoryChat& chat, const std::string& chat_id,
                                   std::uint64_t number) {
  const HistoryPlan& plan = script_.plan;
  whatsapp::proto::HistorySyncMsg entry;
  entry.set_msg_order_id(number + 1);
  auto& info = *entry.mutable_message();
  info.mutable_key()->set_remote_jid(chat_id);
  info.mutable_key()->set_from_me(number % 2 == 1);
  info.mutable_key()->set_id(history_message_id(chat, number));
  const bool odd_time = plan.odd.future_timestamps && number % 10 == 9;
  const auto age = static_cast<std::int64_t>(archive_of(plan)) - static_cast<std::int64_t>(number);
  info.set_message_timestamp(
      static_cast<std::uint64_t>(script_.now - age * kMinute + (odd_time ? kDecades : 0)));
  info.set_status(4);
  info.set_push_name(chat.name);
  info.set_message_secret(std::string(32, static_cast<char>('a' + number % 26)));
  whatsapp::proto::Message content;
  content.set_conversation(text(number));
  base::Bytes content_bytes = bytes_of(content);
  if (plan.odd.unknown_fields) append_bytes_field(content_bytes, kUnknown, base::as_bytes("of tomorrow"));
  info.add_message(base::to_string(content_bytes));
  return bytes_of(entry);
}

/// Letters that do not compress well, so that a large chunk is large on the media hosts too.
std::string HistoryStream::text(std::uint64_t number) {
  std::string out = "history " + std::to_string(number) + ' ';
  out.reserve(std::max(out.size(), script_.plan.message_bytes));
  while (out.size() < script_.plan.message_bytes) {
    noise_ ^= noise_ << 13;
    noise_ ^= noise_ >> 7;
    noise_ ^= noise_ << 17;
    for (int i = 0; i < 8 && out.size() < script_.plan.message_bytes; ++i)
      out.push_back(static_cast<char>('0' + ((noise_ >> (8 * i)) & 0x3f)));
  }
  return out;
}

void HistoryStream::write_trailer() {
  const HistoryPlan& plan = script_.plan;
  for (const HistoryChat& chat : script_.chats) {
    if (plan.type == HistoryType::kPushName) {
      whatsapp::proto::Pushname name;
      name.set_id(chat.pn);
      name.set_pushname(chat.name);
      append_bytes_field(buffer_, kPushNames, bytes_of(name));
    }
    if (plan.type == HistoryType::kInitialBootstrap || plan.type == HistoryType::kNonBlockingData) {
      whatsapp::proto::PhoneNumberToLIDMapping mapping;
      mapping.set_pn_jid(plan.odd.c_us_mappings ? with_old_server(chat.pn) : chat.pn);
      mapping.set_lid_jid(chat.lid);
      append_bytes_field(buffer_, kMappings, bytes_of(mapping));
    }
  }
}

// ---- DeflateSource ----------------------------------------------------------------------------------

DeflateSource::DeflateSource(whatsapp::media::ByteSource& plain, Format format)
    : plain_(plain), stream_(std::make_unique<z_stream_s>()) {
  constexpr int kWindow = 15;
  constexpr int kGzipToo = 16;
  *stream_ = z_stream_s{};
  deflateInit2(stream_.get(), 1, Z_DEFLATED, format == Format::kGzip ? kWindow + kGzipToo : kWindow, 8,
               Z_DEFAULT_STRATEGY);
}

DeflateSource::~DeflateSource() { deflateEnd(stream_.get()); }

Result<std::size_t> DeflateSource::read(base::MutableByteView room) {
  stream_->next_out = room.data();
  stream_->avail_out = static_cast<unsigned>(room.size());
  while (stream_->avail_out == room.size() && state_ != State::kDone) {
    if (stream_->avail_in == 0 && state_ == State::kRunning) {
      input_.resize(kPiece);
      WA_TRY(const std::size_t got, plain_.read(input_));
      stream_->next_in = input_.data();
      stream_->avail_in = static_cast<unsigned>(got);
      if (got == 0) state_ = State::kFinishing;
    }
    const int result = deflate(stream_.get(), state_ == State::kFinishing ? Z_FINISH : Z_NO_FLUSH);
    if (result == Z_STREAM_END) state_ = State::kDone;
    if (result == Z_STREAM_ERROR) return fail(ErrorCode::kIo, "zlib refuses");
  }
  return room.size() - stream_->avail_out;
}

Result<base::Bytes> compressed(whatsapp::media::ByteSource& plain, DeflateSource::Format format) {
  DeflateSource source(plain, format);
  base::Bytes all;
  base::Bytes piece(kPiece);
  for (;;) {
    WA_TRY(const std::size_t got, source.read(piece));
    if (got == 0) return all;
    base::append(all, base::ByteView{piece}.first(got));
  }
}

}  // namespace simulator
