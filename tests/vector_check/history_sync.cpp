// history_sync.json: chunks of history, compressed, with their decoded form. What our reader hands out must
// be what the decoded form says, however the bytes are cut; every malformed chunk must be refused. `expected`
// is what another client derives from a chunk, for the types that it looks into; of the users' own names it
// counts all, so there the decoded form alone decides.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/message.pb.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/media/history_reader.h"

namespace vector_check {
namespace {

using base::Bytes;
using base::ByteView;
using nlohmann::json;
using namespace whatsapp::media;

const std::map<std::string, SyncType> kSyncTypes{
    {"INITIAL_BOOTSTRAP", SyncType::kInitialBootstrap},
    {"INITIAL_STATUS_V3", SyncType::kInitialStatus},
    {"FULL", SyncType::kFull},
    {"RECENT", SyncType::kRecent},
    {"PUSH_NAME", SyncType::kPushName},
    {"NON_BLOCKING_DATA", SyncType::kNonBlockingData},
    {"ON_DEMAND", SyncType::kOnDemand},
    {"NO_HISTORY", SyncType::kNoHistory},
    {"MESSAGE_ACCESS_STATUS", SyncType::kMessageAccessStatus},
};

const std::map<std::string, std::uint32_t> kStatus{{"ERROR", 0},        {"PENDING", 1}, {"SERVER_ACK", 2},
                                                   {"DELIVERY_ACK", 3}, {"READ", 4},    {"PLAYED", 5}};

const std::map<std::string, EndOfTransfer> kEndsOfTransfer{
    {"COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY", EndOfTransfer::kMoreOnPhone},
    {"COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY", EndOfTransfer::kComplete},
    {"COMPLETE_ON_DEMAND_SYNC_BUT_MORE_MSG_REMAIN_ON_PRIMARY", EndOfTransfer::kMoreOnDemand},
    {"COMPLETE_ON_DEMAND_SYNC_WITH_MORE_MSG_ON_PRIMARY_BUT_NO_ACCESS", EndOfTransfer::kMoreWithoutAccess},
};

/// Everything of one chunk.
struct Chunk {
  std::vector<PushName> names;
  std::vector<LidMapping> mappings;
  std::vector<HistoryContact> contacts;
  std::vector<HistoryMessage> messages;
  std::vector<HistoryConversation> conversations;
  HistoryEnd end;

  void add(PushName&& item) { names.push_back(std::move(item)); }
  void add(LidMapping&& item) { mappings.push_back(std::move(item)); }
  void add(HistoryContact&& item) { contacts.push_back(std::move(item)); }
  void add(HistoryMessage&& item) { messages.push_back(std::move(item)); }
  void add(HistoryConversation&& item) { conversations.push_back(std::move(item)); }
  void add(HistoryEnd&& item) { end = std::move(item); }
};

/// Hands out pieces of a fixed size.
class PieceSource final : public ByteSource {
 public:
  PieceSource(ByteView bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  base::Result<std::size_t> read(base::MutableByteView room) override {
    return bytes_.read(room.first(std::min(room.size(), size_)));
  }

 private:
  MemorySource bytes_;
  std::size_t size_;
};

base::Result<Chunk> read_chunk(ByteView compressed, std::size_t piece) {
  PieceSource source{compressed, piece};
  HistoryReader reader{source, HistoryOptions{.latest = std::int64_t{1} << 40}};
  Chunk chunk;
  for (bool ended = false; !ended;) {
    WA_TRY(HistoryItem item, reader.next());
    ended = std::holds_alternative<HistoryEnd>(item);
    std::visit([&](auto& found) { chunk.add(std::move(found)); }, item);
  }
  return chunk;
}

base::Result<Bytes> inflate_all(ByteView compressed) {
  MemorySource source{compressed};
  InflateSource inflated{source};
  Bytes out;
  Bytes room(4096);
  for (;;) {
    WA_TRY(const std::size_t count, inflated.read(room));
    if (count == 0) return out;
    base::append(out, ByteView{room}.first(count));
  }
}

/// 64-bit numbers are written as texts.
std::int64_t number(const json& object, const char* field) {
  if (!present(object, field)) return 0;
  const json& value = object.at(field);
  return value.is_string() ? std::stoll(value.get<std::string>()) : value.get<std::int64_t>();
}

std::string optional_text(const json& object, const char* field) {
  return present(object, field) ? text(object, field) : std::string{};
}

bool flag(const json& object, const char* field) { return present(object, field) && object.at(field); }

const json& list_of(const json& object, const char* field) {
  static const json kNone = json::array();
  return present(object, field) ? object.at(field) : kNone;
}

/// Of an enum by name or number; the fallback if it is absent or has no name here.
template <class Value>
Value named(const std::map<std::string, Value>& names, const json& object, const char* field,
            Value fallback) {
  if (!present(object, field)) return fallback;
  const json& value = object.at(field);
  if (!value.is_string()) return static_cast<Value>(value.get<std::uint32_t>());
  const auto found = names.find(value.get<std::string>());
  return found == names.end() ? fallback : found->second;
}

void check_content(const json& decoded, const HistoryMessage& message, Case& check) {
  check.expect(message.content.has_value() == present(decoded, "message"), "whether there is content");
  if (!message.content || !present(decoded, "message")) return;
  whatsapp::proto::Message content;
  check.expect(content.ParseFromArray(message.content->data(), static_cast<int>(message.content->size())),
               "content does not parse");
  const json& expected = decoded.at("message");
  check.expect_equal(content.conversation(), optional_text(expected, "conversation"), "text");
  if (present(expected, "extendedTextMessage"))
    check.expect_equal(content.extended_text_message().text(),
                       optional_text(expected.at("extendedTextMessage"), "text"), "extended text");
}

void check_message(const json& entry, const std::string& chat, const HistoryMessage& message, Case& check) {
  const json& decoded = entry.at("message");
  const json& key = decoded.at("key");
  check.expect_equal(message.chat, chat, "chat of a message");
  check.expect_equal(message.id, text(key, "id"), "message id");
  check.expect(message.from_me == flag(key, "fromMe"), "from me");
  const std::string author = optional_text(key, "participant");
  check.expect_equal(message.participant, author.empty() ? optional_text(decoded, "participant") : author,
                     "author");
  check.expect(message.timestamp == number(decoded, "messageTimestamp"), "message time");
  check.expect(message.status == named(kStatus, decoded, "status", 0U), "status");
  check.expect(message.order_id == static_cast<std::uint64_t>(number(entry, "msgOrderId")), "order id");
  check.expect_equal(message.push_name, optional_text(decoded, "pushName"), "name of the author");
  check.expect(message.starred == flag(decoded, "starred"), "starred");
  check_content(decoded, message, check);
}

void check_token(const json& decoded, const HistoryConversation& chat, Case& check) {
  const std::string token = optional_text(decoded, "tcToken");
  check.expect_equal(chat.token ? base::to_hex(chat.token->token) : std::string{}, token, "token");
  if (!chat.token) return;
  check.expect(chat.token->timestamp == number(decoded, "tcTokenTimestamp"), "token time");
  check.expect(chat.token->sender_timestamp == number(decoded, "tcTokenSenderTimestamp"),
               "token sender's time");
}

void check_conversation(const json& decoded, const HistoryConversation& chat, Case& check) {
  check.expect_equal(chat.id, text(decoded, "id"), "conversation");
  check.expect_equal(chat.name, optional_text(decoded, "name"), "name");
  check.expect_equal(chat.display_name, optional_text(decoded, "displayName"), "display name");
  check.expect_equal(chat.pn, optional_text(decoded, "pnJid"), "PN");
  const std::string lid = optional_text(decoded, "lidJid");
  check.expect_equal(chat.lid, lid.empty() ? optional_text(decoded, "accountLid") : lid, "LID");
  check.expect(chat.unread == number(decoded, "unreadCount"), "unread");
  check.expect(chat.archived == flag(decoded, "archived"), "archived");
  check.expect(chat.marked_unread == flag(decoded, "markedAsUnread"), "marked unread");
  check.expect(chat.read_only == flag(decoded, "readOnly"), "read only");
  check.expect(chat.end_of_transfer == flag(decoded, "endOfHistoryTransfer"), "end of transfer");
  check.expect(chat.pinned_at == number(decoded, "pinned"), "pinned");
  check.expect(chat.conversation_at == number(decoded, "conversationTimestamp"), "conversation time");
  check.expect(chat.last_message_at == number(decoded, "lastMsgTimestamp"), "last message time");
  check.expect(chat.ephemeral_seconds == number(decoded, "ephemeralExpiration"), "ephemeral");
  const auto either_unit = [&](const char* field, std::int64_t ours) {
    return ours == number(decoded, field) || ours == number(decoded, field) / 1000;
  };
  check.expect(either_unit("muteEndTime", chat.muted_until), "muted");
  check.expect(either_unit("ephemeralSettingTimestamp", chat.ephemeral_set_at), "ephemeral time");
  if (present(decoded, "endOfHistoryTransferType"))
    check.expect(chat.transfer == named(kEndsOfTransfer, decoded, "endOfHistoryTransferType",
                                        chat.transfer.value_or(EndOfTransfer::kMoreOnPhone)),
                 "type of the end of transfer");
  check.expect(chat.messages == list_of(decoded, "messages").size(), "number of messages");
  check_token(decoded, chat, check);
}

void check_conversations(const json& decoded, const Chunk& chunk, Case& check) {
  const json& chats = list_of(decoded, "conversations");
  check.expect(chats.size() == chunk.conversations.size(), "number of conversations");
  std::size_t next_message = 0;
  for (std::size_t i = 0; i < std::min(chats.size(), chunk.conversations.size()); ++i) {
    check_conversation(chats[i], chunk.conversations[i], check);
    for (const json& entry : list_of(chats[i], "messages")) {
      if (next_message == chunk.messages.size()) return check.expect(false, "messages are missing");
      check_message(entry, text(chats[i], "id"), chunk.messages[next_message++], check);
    }
  }
  check.expect(next_message == chunk.messages.size(), "messages nobody knows of");
}

void check_names_and_mappings(const json& decoded, const Chunk& chunk, Case& check) {
  std::vector<std::string> names;
  for (const json& entry : list_of(decoded, "pushnames"))
    if (const auto name = optional_text(entry, "pushname"); !name.empty() && name != "-")
      names.push_back(text(entry, "id") + " " + name);
  std::vector<std::string> our_names;
  for (const PushName& name : chunk.names) our_names.push_back(name.user + " " + name.name);
  check.expect(our_names == names, "push names");

  std::vector<std::string> mappings;
  for (const json& entry : list_of(decoded, "phoneNumberToLidMappings"))
    mappings.push_back(text(entry, "pnJid") + " " + text(entry, "lidJid"));
  std::vector<std::string> our_mappings;
  for (const LidMapping& mapping : chunk.mappings) our_mappings.push_back(mapping.pn + " " + mapping.lid);
  check.expect(our_mappings == mappings, "LID mappings");
  check.expect(chunk.contacts.size() == list_of(decoded, "inlineContacts").size(), "contacts");
}

void check_end(const json& decoded, const HistoryEnd& end, Case& check) {
  check.expect(end.sync_type == named(kSyncTypes, decoded, "syncType", SyncType::kInitialBootstrap), "type");
  check.expect(end.chunk_order == number(decoded, "chunkOrder"), "chunk order");
  check.expect(end.progress == number(decoded, "progress"), "progress");
  check.expect_equal(end.companion_meta_nonce, optional_text(decoded, "companionMetaNonce"), "nonce");
  check.expect_equal(base::to_hex(end.nct_salt), optional_text(decoded, "nctSalt"), "salt");
  const json settings = present(decoded, "globalSettings") ? decoded.at("globalSettings") : json::object();
  check.expect(end.lid_migration_at.value_or(0) == number(settings, "chatDbLidMigrationTimestamp"),
               "time of the LID migration");
}

/// The pairs that a chunk gives away: its list, then what its chats know.
std::set<std::pair<std::string, std::string>> pairs_of(const Chunk& chunk, bool likely_ones) {
  std::set<std::pair<std::string, std::string>> pairs;
  for (const LidMapping& mapping : chunk.mappings) pairs.emplace(mapping.lid, mapping.pn);
  for (const HistoryConversation& chat : chunk.conversations) {
    const bool by_lid = chat.id.ends_with("@lid");
    if (by_lid && !chat.pn.empty()) pairs.emplace(chat.id, chat.pn);
    if (by_lid && likely_ones && !chat.likely_pn.empty()) pairs.emplace(chat.id, chat.likely_pn);
    if (!by_lid && !chat.lid.empty()) pairs.emplace(chat.lid, chat.id);
  }
  return pairs;
}

void check_expected(const json& expected, const Chunk& chunk, Case& check) {
  const auto theirs = [&](const char* field) {
    return list_of(expected, field).get<std::vector<std::string>>();
  };
  std::vector<std::string> chats;
  for (const auto& chat : chunk.conversations) chats.push_back(chat.id);
  std::vector<std::string> messages;
  for (const auto& message : chunk.messages) messages.push_back(message.id);
  check.expect(chats == theirs("chats"), "expected chats");
  check.expect(messages == theirs("messages"), "expected messages");

  std::set<std::pair<std::string, std::string>> pairs;
  for (const json& pair : list_of(expected, "lid_pn_mappings"))
    pairs.emplace(text(pair, "lid"), text(pair, "pn"));
  const auto certain = pairs_of(chunk, false);
  const auto all = pairs_of(chunk, true);
  check.expect(std::ranges::includes(all, pairs), "expected mappings");
  check.expect(std::ranges::includes(pairs, certain), "mappings that are not expected");
}

void check_chunk(const json& entry, Case& check) {
  const Bytes compressed = hex_bytes(entry, "deflated");
  const auto inflated = inflate_all(compressed);
  check.expect_success(inflated, "inflates");
  check.expect(inflated && *inflated == hex_bytes(entry, "inflated"), "inflated");
  const json& decoded = entry.at("json");
  for (const std::size_t piece : {compressed.size() + 1, std::size_t{1}, std::size_t{37}}) {
    const auto chunk = read_chunk(compressed, piece);
    check.expect_success(chunk, "was not read");
    if (!chunk) return;
    check_conversations(decoded, *chunk, check);
    check_names_and_mappings(decoded, *chunk, check);
    check_end(decoded, chunk->end, check);
    if (present(entry, "expected")) check_expected(entry.at("expected"), *chunk, check);
  }
}

void check_malformed(const json& entry, Case& check) {
  const Bytes compressed = hex_bytes(entry, "deflated");
  check.expect(!read_chunk(compressed, compressed.size() + 1), "was accepted");
  check.expect(!read_chunk(compressed, 1000), "was accepted in pieces");
}

}  // namespace

Outcome run_history_sync(const json& file) {
  Report report;
  for_each_case(file, "cases", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_chunk(entry, check); });
  });
  for_each_case(file, "malformed", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_malformed(entry, check); });
  });
  return report.take();
}

}  // namespace vector_check
