#include "whatsapp/client/sync/app_state_effects.h"

#include <algorithm>
#include <utility>

#include "whatsapp/app_state/sync_action.h"
#include "whatsapp/client/lid_map.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/client/sync/collection_records.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp {

using app_state::Mutation;
using base::Result;
using binary::Jid;
using message::to_valid_utf8;
using runtime::Task;
using store::Changes;

namespace {

constexpr std::string_view kNctSalt = "nct_salt";
constexpr std::string_view kUnarchiveChats = "unarchive_chats";

std::optional<Jid> account_of(const std::string& text) {
  const auto jid = Jid::parse(text);
  if (!jid || jid->user().empty()) return std::nullopt;
  return jid->normalized().account();
}

/// Gathers what a list of actions means.
struct Gathered {
  BookUpdates book{};
  std::vector<store::LidMapping> pairs{};
  std::vector<ClientEvent> events{};
  std::optional<std::string> push_name{};
  Changes changes{};
  UnixSeconds at = 0;  // of the action at hand

  void learn(const std::string& a, const std::string& b) {
    const auto first = account_of(a);
    const auto second = account_of(b);
    if (!first || !second) return;
    if (auto pair = pair_of(*first, *second)) pairs.push_back(*std::move(pair));
  }
  void update_chat(const std::string& chat, ChatFacts facts, ChatChange change) {
    const auto jid = account_of(chat);
    if (!jid) return;
    book.chats.push_back({*jid, std::move(facts)});
    change.chat = *jid;
    change.at = at;
    events.emplace_back(std::move(change));
  }
  void tell_chat(const std::string& chat, ChatChange::Removal removal) {
    const auto jid = account_of(chat);
    if (jid) events.emplace_back(ChatChange{.chat = *jid, .removal = removal, .at = at});
  }

  void operator()(const app_state::OtherAction&) {}
  void operator()(const app_state::Locale&) {}
  void operator()(const app_state::StatusMuted&) {}
  void operator()(const app_state::MessageStarred&) {}
  void operator()(const app_state::MessageDeletedForMe&) {}
  void operator()(const app_state::QuickReply&) {}

  void operator()(const app_state::Contact& contact) {
    const auto jid = account_of(contact.jid);
    if (!jid) return;
    learn(contact.jid, contact.lid);
    learn(contact.jid, contact.pn);
    ContactFacts facts;
    facts.full_name = to_valid_utf8(contact.full_name);
    facts.first_name = to_valid_utf8(contact.first_name);
    if (!contact.username.empty()) facts.username = to_valid_utf8(contact.username);
    facts.in_address_book = true;
    ContactChange change{.jid = *jid, .full_name = facts.full_name, .first_name = facts.first_name, .at = at};
    if (jid->is_pn()) change.lid = account_of(contact.lid);
    if (jid->is_lid()) change.pn = account_of(contact.pn);
    book.contacts.push_back({*jid, std::move(facts)});
    events.emplace_back(std::move(change));
  }
  void operator()(const app_state::ContactRemoved& contact) {
    const auto jid = account_of(contact.jid);
    if (!jid) return;
    book.contacts.push_back({*jid, {.full_name = "", .first_name = "", .in_address_book = false}});
    events.emplace_back(ContactChange{.jid = *jid, .full_name = "", .first_name = "", .at = at});
  }
  void operator()(const app_state::NumberOfLid& number) { learn(number.lid, number.pn); }
  void operator()(const app_state::OwnPushName& own) {
    if (std::string name = presentable_push_name(own.name); !name.empty()) push_name = std::move(name);
  }

  void operator()(const app_state::ChatMuted& muted) {
    std::int64_t until = 0;
    if (std::holds_alternative<app_state::MutedForever>(muted.end)) until = -1;
    if (const auto* end = std::get_if<app_state::MutedUntil>(&muted.end)) until = end->ms / 1000;
    update_chat(muted.chat, {.muted_until = until}, {.muted_until = until});
  }
  void operator()(const app_state::ChatPinned& pinned) {
    update_chat(pinned.chat, {.pinned = pinned.pinned}, {.pinned = pinned.pinned});
  }
  void operator()(const app_state::ChatArchived& archived) {
    update_chat(archived.chat, {.archived = archived.archived}, {.archived = archived.archived});
  }
  void operator()(const app_state::ChatRead& read) {
    update_chat(read.chat, {.marked_unread = !read.read}, {.read = read.read});
  }
  void operator()(const app_state::ChatLocked& locked) {
    if (const auto jid = account_of(locked.chat)) book.chats.push_back({*jid, {.locked = locked.locked}});
  }
  void operator()(const app_state::ChatCleared& cleared) {
    tell_chat(cleared.chat, ChatChange::Removal::kCleared);
  }
  void operator()(const app_state::ChatDeleted& deleted) {
    tell_chat(deleted.chat, ChatChange::Removal::kDeleted);
  }

  void operator()(const app_state::LabelEdited& label) {
    events.emplace_back(AccountChange{.what = label.deleted ? "label_removed" : "label",
                                      .value = to_valid_utf8(label.id + " " + label.name),
                                      .at = at});
  }
  void operator()(const app_state::ChatLabeled& labeled) {
    const auto jid = account_of(labeled.chat);
    if (!jid) return;
    events.emplace_back(AccountChange{.what = labeled.labeled ? "chat_labeled" : "chat_unlabeled",
                                      .value = to_valid_utf8(labeled.label_id),
                                      .jids = {*jid},
                                      .at = at});
  }
  void operator()(const app_state::UnarchiveSetting& setting) {
    changes.values.emplace_back(std::string{kUnarchiveChats},
                                base::to_bytes(std::string_view{setting.unarchive ? "1" : "0"}));
  }
  void operator()(const app_state::KeysExpired& expired) { put_expired_epoch(expired.epoch, changes); }
  void operator()(const app_state::NctSalt& salt) {
    std::optional<base::Bytes> kept;
    if (!salt.salt.empty()) kept = salt.salt;
    changes.values.emplace_back(std::string{kNctSalt}, std::move(kept));
  }
};

}  // namespace

Task<Result<void>> AppStateEffects::apply(const std::vector<Mutation>& mutations, Telling telling,
                                          Changes& changes) {
  Gathered gathered;
  const UnixSeconds now = parts_.connection.unix_seconds();
  for (const Mutation& mutation : mutations) {
    const app_state::ReadAction read = app_state::read_action(mutation);
    gathered.at = read.timestamp_ms > 0 ? std::min(read.timestamp_ms / 1000, now) : now;
    std::visit(gathered, read.action);
  }
  WA_CO_TRY_VOID(co_await parts_.lids.learn(std::move(gathered.pairs), changes));
  WA_CO_TRY_VOID(co_await book_.update(std::move(gathered.book), changes));
  changes.merge(std::move(gathered.changes));
  const bool attached = parts_.connection.attached();
  if (attached && gathered.push_name && *gathered.push_name != parts_.connection.self().push_name) {
    parts_.connection.rename_self(*gathered.push_name, changes);
    const AccountChange change{.what = "push_name", .value = *gathered.push_name, .at = now};
    parts_.outside.sink.stage_event(change, changes);
    if (renamed) renamed();
  }
  if (telling == Telling::kWithEvents)
    for (const ClientEvent& event : gathered.events) parts_.outside.sink.stage_event(event, changes);
  co_return Result<void>{};
}

}  // namespace whatsapp
