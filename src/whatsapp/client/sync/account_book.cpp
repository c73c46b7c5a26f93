#include "whatsapp/client/sync/account_book.h"

#include <map>
#include <utility>

#include "proto/account_records.pb.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/sync/record_bytes.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::Result;
using binary::Jid;
using runtime::Task;
using store::Changes;
using store::DeviceStore;

namespace {

/// Calls visit(a.field, b.field) for every field.
template <class Visit>
void for_each_field(ContactFacts& a, const ContactFacts& b, const Visit& visit) {
  visit(a.full_name, b.full_name);
  visit(a.first_name, b.first_name);
  visit(a.username, b.username);
  visit(a.push_name, b.push_name);
  visit(a.about, b.about);
  visit(a.verified_name, b.verified_name);
  visit(a.picture_id, b.picture_id);
  visit(a.in_address_book, b.in_address_book);
}

template <class Visit>
void for_each_field(ChatFacts& a, const ChatFacts& b, const Visit& visit) {
  visit(a.archived, b.archived);
  visit(a.pinned, b.pinned);
  visit(a.marked_unread, b.marked_unread);
  visit(a.locked, b.locked);
  visit(a.muted_until, b.muted_until);
  visit(a.ephemeral_seconds, b.ephemeral_seconds);
  visit(a.ephemeral_set_at, b.ephemeral_set_at);
  visit(a.name, b.name);
  visit(a.last_message_at, b.last_message_at);
  visit(a.all_history_told, b.all_history_told);
}

template <class Facts>
void fill_gaps(Facts& known, const Facts& more) {
  for_each_field(known, more, [](auto& mine, const auto& other) {
    if (!mine) mine = other;
  });
}

template <class Facts>
void overwrite(Facts& known, const Facts& news) {
  for_each_field(known, news, [](auto& mine, const auto& other) {
    if (other) mine = other;
  });
}

/// History goes back in time: the oldest message is the oldest of all that was told.
void take_oldest(ChatFacts& known, const ChatFacts& news) {
  if (!news.oldest) return;
  if (known.oldest && known.oldest->at <= news.oldest->at) return;
  known.oldest = news.oldest;
  if (news.all_history_told) known.all_history_told = news.all_history_told;
}

void merge(ContactFacts& known, const ContactFacts& news, FactsOrigin origin) {
  origin == FactsOrigin::kLive ? overwrite(known, news) : fill_gaps(known, news);
}
void merge(ChatFacts& known, const ChatFacts& news, FactsOrigin origin) {
  take_oldest(known, news);
  origin == FactsOrigin::kLive ? overwrite(known, news) : fill_gaps(known, news);
}

Result<ContactFacts> read_record(ByteView bytes, const ContactFacts*) { return read_contact_record(bytes); }
Result<ChatFacts> read_record(ByteView bytes, const ChatFacts*) { return read_chat_record(bytes); }
Bytes write_record(const ContactFacts& facts) { return write_contact_record(facts); }
Bytes write_record(const ChatFacts& facts) { return write_chat_record(facts); }

/// A damaged record is one that is not there: it fills again.
template <class Facts>
Result<Facts> load(DeviceStore& device, std::string_view kind, const Jid& jid) {
  WA_TRY(const auto bytes, device.record(std::string{kind}, jid.to_string()));
  if (!bytes) return Facts{};
  return read_record(*bytes, static_cast<const Facts*>(nullptr)).value_or(Facts{});
}

/// The record of a person under both of his addresses; of a group under its own.
template <class Facts>
Result<Facts> load_both(DeviceStore& device, std::string_view kind, const Jid& jid) {
  WA_TRY(Facts facts, load<Facts>(device, kind, jid));
  if (jid.is_lid()) {
    WA_TRY(const auto pn, device.pn_of(std::string(jid.user())));
    if (!pn) return facts;
    WA_TRY(const Facts older, load<Facts>(device, kind, pn_jid(*pn)));
    fill_gaps(facts, older);
    if constexpr (std::is_same_v<Facts, ChatFacts>) take_oldest(facts, older);
  }
  return facts;
}

using LearnedLids = std::map<std::string, std::string>;  // PN user → LID user

Result<Jid> canonical(DeviceStore& device, const Jid& jid, const LearnedLids& learned) {
  const Jid account = jid.normalized().account();
  if (!account.is_pn()) return account;
  const auto found = learned.find(std::string{account.user()});
  if (found != learned.end()) return lid_jid(found->second);
  WA_TRY(const auto lid, device.lid_of(std::string(account.user())));
  return lid ? lid_jid(*lid) : account;
}

template <class Facts, class Updates, class JidOf>
Result<void> write_all(DeviceStore& device, std::string_view kind, const Updates& updates,
                       const JidOf& jid_of, const LearnedLids& learned, Changes& changes) {
  std::map<std::string, Facts> records;
  for (const auto& update : updates) {
    WA_TRY(const Jid key, canonical(device, jid_of(update), learned));
    if (key.empty() || key.user().empty()) continue;
    auto found = records.find(key.to_string());
    if (found == records.end()) {
      WA_TRY(Facts known, load_both<Facts>(device, kind, key));
      found = records.emplace(key.to_string(), std::move(known)).first;
    }
    merge(found->second, update.facts, update.origin);
  }
  for (const auto& [key, facts] : records)
    changes.records.push_back({std::string{kind}, key, write_record(facts), 0});
  return {};
}

}  // namespace

// ---- bytes ------------------------------------------------------------------------------------------------

Result<ContactFacts> read_contact_record(ByteView bytes) {
  proto::ContactRecord record;
  WA_TRY_VOID(parse_record(bytes, record));
  ContactFacts out;
  if (record.has_full_name()) out.full_name = record.full_name();
  if (record.has_first_name()) out.first_name = record.first_name();
  if (record.has_username()) out.username = record.username();
  if (record.has_push_name()) out.push_name = record.push_name();
  if (record.has_about()) out.about = record.about();
  if (record.has_verified_name()) out.verified_name = record.verified_name();
  if (record.has_picture_id()) out.picture_id = record.picture_id();
  if (record.has_in_address_book()) out.in_address_book = record.in_address_book();
  return out;
}

Bytes write_contact_record(const ContactFacts& facts) {
  proto::ContactRecord record;
  if (facts.full_name) record.set_full_name(*facts.full_name);
  if (facts.first_name) record.set_first_name(*facts.first_name);
  if (facts.username) record.set_username(*facts.username);
  if (facts.push_name) record.set_push_name(*facts.push_name);
  if (facts.about) record.set_about(*facts.about);
  if (facts.verified_name) record.set_verified_name(*facts.verified_name);
  if (facts.picture_id) record.set_picture_id(*facts.picture_id);
  if (facts.in_address_book) record.set_in_address_book(*facts.in_address_book);
  return record_bytes(record);
}

Result<ChatFacts> read_chat_record(ByteView bytes) {
  proto::ChatRecord record;
  WA_TRY_VOID(parse_record(bytes, record));
  ChatFacts out;
  if (record.has_archived()) out.archived = record.archived();
  if (record.has_pinned()) out.pinned = record.pinned();
  if (record.has_muted_until()) out.muted_until = record.muted_until();
  if (record.has_marked_unread()) out.marked_unread = record.marked_unread();
  if (record.has_locked()) out.locked = record.locked();
  if (record.has_ephemeral_seconds()) out.ephemeral_seconds = record.ephemeral_seconds();
  if (record.has_ephemeral_set_at()) out.ephemeral_set_at = record.ephemeral_set_at();
  if (record.has_name()) out.name = record.name();
  if (record.has_last_message_at()) out.last_message_at = record.last_message_at();
  using Author = ChatFacts::OldestMessage::Author;
  if (record.has_oldest_id())
    out.oldest = ChatFacts::OldestMessage{
        record.oldest_id(), record.oldest_from_me() ? Author::kMe : Author::kThem, record.oldest_at()};
  if (record.has_all_history_told()) out.all_history_told = record.all_history_told();
  return out;
}

Bytes write_chat_record(const ChatFacts& facts) {
  proto::ChatRecord record;
  if (facts.archived) record.set_archived(*facts.archived);
  if (facts.pinned) record.set_pinned(*facts.pinned);
  if (facts.muted_until) record.set_muted_until(*facts.muted_until);
  if (facts.marked_unread) record.set_marked_unread(*facts.marked_unread);
  if (facts.locked) record.set_locked(*facts.locked);
  if (facts.ephemeral_seconds) record.set_ephemeral_seconds(*facts.ephemeral_seconds);
  if (facts.ephemeral_set_at) record.set_ephemeral_set_at(*facts.ephemeral_set_at);
  if (facts.name) record.set_name(*facts.name);
  if (facts.last_message_at) record.set_last_message_at(*facts.last_message_at);
  if (facts.oldest) {
    record.set_oldest_id(facts.oldest->id);
    record.set_oldest_from_me(facts.oldest->author == ChatFacts::OldestMessage::Author::kMe);
    record.set_oldest_at(facts.oldest->at);
  }
  if (facts.all_history_told) record.set_all_history_told(*facts.all_history_told);
  return record_bytes(record);
}

// ---- the book ---------------------------------------------------------------------------------------------

Task<Result<void>> AccountBook::update(BookUpdates updates, Changes& changes) {
  if (updates.empty()) co_return Result<void>{};
  LearnedLids learned;
  for (const store::LidMapping& pair : changes.lid_mappings) learned[pair.pn_user] = pair.lid_user;
  auto write = [&](DeviceStore& device) -> Result<void> {
    const auto who = [](const ContactUpdate& update) { return update.who; };
    const auto chat = [](const ChatUpdate& update) { return update.chat; };
    WA_TRY_VOID(write_all<ContactFacts>(device, kContactRecords, updates.contacts, who, learned, changes));
    return write_all<ChatFacts>(device, kChatRecords, updates.chats, chat, learned, changes);
  };
  co_return co_await store_.read(write);
}

Task<Result<ContactFacts>> AccountBook::contact(Jid who) {
  auto query = [&who](DeviceStore& device) -> Result<ContactFacts> {
    WA_TRY(const Jid key, canonical(device, who, {}));
    return load_both<ContactFacts>(device, kContactRecords, key);
  };
  co_return co_await store_.read(query);
}

Task<Result<ChatFacts>> AccountBook::chat(Jid chat) {
  auto query = [&chat](DeviceStore& device) -> Result<ChatFacts> {
    WA_TRY(const Jid key, canonical(device, chat, {}));
    return load_both<ChatFacts>(device, kChatRecords, key);
  };
  co_return co_await store_.read(query);
}

}  // namespace whatsapp
