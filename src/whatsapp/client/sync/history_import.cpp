#include "whatsapp/client/sync/history_import.h"

#include <chrono>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/client/sync/history_facts.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using media::HistoryEnd;
using media::HistoryItem;
using media::HistoryScope;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using store::LidMapping;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kItemsPerSlice = 256;
constexpr std::size_t kBytesPerSlice = 256 * 1024;  // of messages; one may be larger
constexpr std::size_t kMostPairs = 50'000;          // kept in memory until the chunk is proven
constexpr std::size_t kPairsPerCommit = 256;
constexpr std::int64_t kDay = 86'400;
constexpr base::Duration kLookAgainForRoom = 1s;
constexpr std::string_view kNctSalt = "nct_salt";
constexpr std::string_view kUnarchiveChats = "unarchive_chats";
constexpr std::string_view kCompanionNonce = "companion_meta_nonce";

std::size_t weight(const HistoryItem& item) {
  const auto* message = std::get_if<media::HistoryMessage>(&item);
  return message != nullptr && message->content ? message->content->size() : 0;
}

bool is_end(const HistoryItem& item) { return std::holds_alternative<HistoryEnd>(item); }

}  // namespace

/// One reading of the chunk from its beginning. Its reader is used on the lane only.
struct HistoryImport::Pass {
  Pass(Blob& blob, HistoryScope scope, std::int64_t now) : chunk(blob) {
    options.latest = now + kDay;
    options.scope = scope;
  }

  Result<Items> read() {
    if (!reader) {
      WA_TRY(source, chunk.open());
      reader.emplace(*source, options);
    }
    Items out;
    std::size_t bytes = 0;
    while (out.size() < kItemsPerSlice && bytes < kBytesPerSlice) {
      WA_TRY(HistoryItem item, reader->next());
      bytes += weight(item);
      out.push_back(std::move(item));
      if (is_end(out.back())) break;
    }
    return out;
  }

  Blob& chunk;
  media::HistoryOptions options;
  std::unique_ptr<media::ByteSource> source;
  std::optional<media::HistoryReader> reader;
};

Task<Result<HistoryImport::Items>> HistoryImport::next_slice(Pass& pass) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  auto read = [&pass](DeviceStore&) { return pass.read(); };
  co_return co_await parts_.outside.store.read(read);
}

Task<Result<ImportedHistory>> HistoryImport::read(Blob& chunk, ForwardHistory forward) {
  WA_CO_TRY(const HistoryEnd end, co_await prove(chunk));
  WA_CO_TRY_VOID(co_await keep_facts(chunk));
  ImportedHistory out{end.sync_type, end.progress, end.conversations, end.messages, 0};
  if (forward == ForwardHistory::kYes && end.messages > 0) {
    WA_CO_TRY(out.forwarded, co_await forward_messages(chunk));
  }
  WA_CO_TRY_VOID(co_await keep_end(end));
  co_return out;
}

/// Nothing is kept before the chunk's end and checksum were seen. The pairs are gathered on the way, for they
/// must be known before the chats that they belong to.
Task<Result<HistoryEnd>> HistoryImport::prove(Blob& chunk) {
  Pass pass(chunk, HistoryScope::kWithoutMessages, parts_.connection.unix_seconds());
  std::vector<LidMapping> pairs;
  for (;;) {
    WA_CO_TRY(const Items items, co_await next_slice(pass));
    for (const HistoryItem& item : items) {
      if (pairs.size() >= kMostPairs) break;
      std::optional<LidMapping> pair;
      if (const auto* mapping = std::get_if<media::LidMapping>(&item))
        pair = pair_from(mapping->pn, mapping->lid);
      if (const auto* contact = std::get_if<media::HistoryContact>(&item))
        pair = pair_from(contact->pn, contact->lid);
      if (pair) pairs.push_back(*std::move(pair));
    }
    if (!is_end(items.back())) continue;
    WA_CO_TRY_VOID(co_await commit_pairs(std::move(pairs)));
    co_return std::get<HistoryEnd>(items.back());
  }
}

Task<Result<void>> HistoryImport::commit_pairs(std::vector<LidMapping> pairs) {
  while (!pairs.empty()) {
    const std::size_t rest = pairs.size() - std::min(pairs.size(), kPairsPerCommit);
    std::vector<LidMapping> slice(std::make_move_iterator(pairs.begin() + static_cast<std::ptrdiff_t>(rest)),
                                  std::make_move_iterator(pairs.end()));
    pairs.resize(rest);
    WA_CO_TRY(auto work, co_await parts_.sessions.begin());
    WA_CO_TRY_VOID(co_await learn_new_pairs(std::move(slice), work.changes));
    WA_CO_TRY_VOID(co_await work.commit());
  }
  co_return Result<void>{};
}

/// What was learned live is never overridden by history (spec 07 B7.10).
Task<Result<void>> HistoryImport::learn_new_pairs(std::vector<LidMapping> pairs, Changes& changes) {
  if (pairs.empty()) co_return Result<void>{};
  auto query = [&pairs](DeviceStore& device) -> Result<std::vector<LidMapping>> {
    std::vector<LidMapping> news;
    for (LidMapping& pair : pairs) {
      WA_TRY(const auto lid, device.lid_of(pair.pn_user));
      WA_TRY(const auto pn, device.pn_of(pair.lid_user));
      if (!lid && !pn) news.push_back(std::move(pair));
    }
    return news;
  };
  WA_CO_TRY(std::vector<LidMapping> news, co_await parts_.outside.store.read(query));
  co_return co_await parts_.lids.learn(std::move(news), changes);
}

Task<Result<void>> HistoryImport::keep_facts(Blob& chunk) {
  Pass pass(chunk, HistoryScope::kWithoutMessages, parts_.connection.unix_seconds());
  for (;;) {
    WA_CO_TRY(Items items, co_await next_slice(pass));
    const bool over = is_end(items.back());
    WA_CO_TRY_VOID(co_await keep(std::move(items)));
    if (over) co_return Result<void>{};
  }
}

Task<Result<void>> HistoryImport::keep(Items items) {
  BookUpdates updates;
  std::vector<LidMapping> pairs;
  std::vector<const media::HistoryConversation*> with_token;
  std::optional<std::string> own_name;
  for (const HistoryItem& item : items) {
    if (const auto* name = std::get_if<media::PushName>(&item)) {
      const auto user = account_from(name->user);
      const bool own = user && is_own_account(parts_.connection.self(), *user);
      own ? (void)(own_name = presentable_push_name(name->name)) : gather(*name, updates);
    } else if (const auto* contact = std::get_if<media::HistoryContact>(&item)) {
      gather(*contact, updates);
    } else if (const auto* chat = std::get_if<media::HistoryConversation>(&item)) {
      gather(*chat, updates);
      if (auto pair = pair_of(*chat)) pairs.push_back(*std::move(pair));
      if (chat->token) with_token.push_back(chat);
    }
  }
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await learn_new_pairs(std::move(pairs), work.changes));
  WA_CO_TRY_VOID(co_await book_.update(std::move(updates), work.changes));
  for (const media::HistoryConversation* chat : with_token) {
    const auto owner = account_from(chat->id);
    if (!owner || (!owner->is_pn() && !owner->is_lid())) continue;
    WA_CO_TRY_VOID(co_await parts_.tokens.learn(*owner, chat->token->token, chat->token->timestamp,
                                                chat->token->sender_timestamp, work.changes));
  }
  if (own_name && !own_name->empty() && parts_.connection.self().push_name.empty())
    parts_.connection.rename_self(*own_name, work.changes);
  co_return co_await work.commit();
}

Task<Result<void>> HistoryImport::keep_end(const HistoryEnd& end) {
  auto query = [](DeviceStore& device) { return device.value(std::string{kNctSalt}); };
  WA_CO_TRY(const auto salt, co_await parts_.outside.store.read(query));
  Changes changes;
  if (!salt && !end.nct_salt.empty()) changes.values.emplace_back(std::string{kNctSalt}, end.nct_salt);
  if (end.auto_unarchive_chats)
    changes.values.emplace_back(std::string{kUnarchiveChats},
                                base::to_bytes(std::string_view{*end.auto_unarchive_chats ? "1" : "0"}));
  if (!end.companion_meta_nonce.empty())
    changes.values.emplace_back(std::string{kCompanionNonce},
                                base::to_bytes(std::string_view{end.companion_meta_nonce}));
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

// ---- messages
// -----------------------------------------------------------------------------------------------

Task<Result<std::uint64_t>> HistoryImport::forward_messages(Blob& chunk) {
  Pass pass(chunk, HistoryScope::kEverything, parts_.connection.unix_seconds());
  std::uint64_t count = 0;
  for (;;) {
    WA_CO_TRY_VOID(co_await wait_for_room());
    WA_CO_TRY(Items items, co_await next_slice(pass));
    const bool over = is_end(items.back());
    WA_CO_TRY(const std::uint64_t forwarded, co_await forward(std::move(items)));
    count += forwarded;
    if (over) co_return count;
  }
}

Task<Result<std::uint64_t>> HistoryImport::forward(Items items) {
  Changes changes;
  std::uint64_t count = 0;
  for (const HistoryItem& item : items) {
    const auto* message = std::get_if<media::HistoryMessage>(&item);
    if (message == nullptr) continue;
    auto event = message_from(*message, parts_.connection.self());
    if (!event) continue;
    if (event->sender_lid && !event->sender_pn) {
      WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(event->sender_lid->user())));
      if (pn) event->sender_pn = pn_jid(*pn);
    } else if (event->sender_pn && !event->sender_lid) {
      WA_CO_TRY(const auto lid, co_await parts_.lids.lid_of(std::string(event->sender_pn->user())));
      if (lid) event->sender_lid = lid_jid(*lid);
    }
    parts_.outside.sink.stage_history(*event, changes);
    ++count;
  }
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  if (count > 0) parts_.outside.sink.staged();
  co_return count;
}

Task<Result<void>> HistoryImport::wait_for_room() {
  while (!parts_.outside.sink.has_room()) WA_CO_TRY_VOID(co_await parts_.connection.pause(kLookAgainForRoom));
  co_return Result<void>{};
}

}  // namespace whatsapp
