#include "whatsapp/client/profile/account_notifications.h"

#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using binary::Node;
using message::to_valid_utf8;
using runtime::Task;

namespace {

std::optional<Jid> account_in(const Node& node, std::string_view key) {
  const auto jid = node.jid(key);
  if (!jid || jid->user().empty()) return std::nullopt;
  return jid->normalized().account();
}

}  // namespace

void AccountNotifications::listen(Notifications& notifications, DirtyMarks& dirty_marks) {
  for (const char* type : {"picture", "status", "business", "contacts", "disappearing_mode", "account_sync"})
    notifications.listen(type, *this);
  dirty_marks.listen("account_sync", *this);
}

Task<Result<void>> AccountNotifications::take(const Node& notification, Changes& changes) {
  const std::string type = notification.attr("type").value_or("");
  if (type == "picture") co_return co_await take_picture(notification, changes);
  if (type == "status") co_return co_await take_about(notification, changes);
  if (type == "business") co_return co_await take_business(notification, changes);
  if (type == "contacts") co_return co_await take_contacts(notification, changes);
  if (type == "disappearing_mode") co_return co_await take_timer(notification, changes);
  co_return co_await take_account(notification, changes);
}

void AccountNotifications::committed(const Node& notification) {
  if (!notification.attr_is("type", "account_sync")) return;
  if (notification.child("privacy") != nullptr) privacy_.refresh_soon();
  if (std::exchange(blocked_, Blocked::kKnown) == Blocked::kFetchAnew) blocklist_.refresh();
}

Task<Result<void>> AccountNotifications::refresh(Node dirty) {
  if (dirty.child("privacy") != nullptr) WA_CO_TRY_VOID(co_await privacy_.fetch());
  if (dirty.child("blocklist") != nullptr) WA_CO_TRY_VOID(co_await blocklist_.fetch());
  if (dirty.child("devices") != nullptr) {
    Changes changes;
    WA_CO_TRY_VOID(co_await parts_.directory.drop(parts_.connection.self().pn.account(), changes));
    WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  }
  co_return Result<void>{};
}

UnixSeconds AccountNotifications::time_of(const Node& notification) const {
  return notification.number("t").value_or(parts_.connection.unix_seconds());
}

void AccountNotifications::tell_account(std::string what, std::string value, const Node& notification,
                                        Changes& changes) {
  const AccountChange change{.what = std::move(what), .value = std::move(value), .at = time_of(notification)};
  parts_.outside.sink.stage_event(change, changes);
}

// ---- people
// -------------------------------------------------------------------------------------------------

Task<Result<void>> AccountNotifications::take_picture(const Node& notification, Changes& changes) {
  const auto from = account_in(notification, "from");
  if (!from) co_return Result<void>{};
  const Node* set =
      notification.child("set") != nullptr ? notification.child("set") : notification.child("add");
  const bool removed = notification.child("delete") != nullptr || notification.children().empty();
  std::optional<std::string> id;
  if (set != nullptr) id = set->attr("id");
  if (removed) id = "";
  if (!id) co_return Result<void>{};  // somebody whom we do not know, or only a request
  if (is_own_account(parts_.connection.self(), *from)) {
    tell_account("picture", *id, notification, changes);
    co_return Result<void>{};
  }
  const ContactChange change{
      .jid = *from,
      .picture = removed ? ContactChange::Picture::kRemoved : ContactChange::Picture::kSet,
      .at = time_of(notification)};
  parts_.outside.sink.stage_event(change, changes);
  BookUpdates updates;
  updates.contacts.push_back({*from, {.picture_id = id}});
  co_return co_await book_.update(std::move(updates), changes);
}

Task<Result<void>> AccountNotifications::take_about(const Node& notification, Changes& changes) {
  const auto from = account_in(notification, "from");
  const Node* set = notification.child("set");
  if (!from || set == nullptr) co_return Result<void>{};
  const std::string about = to_valid_utf8(set->text());
  const ContactChange change{.jid = *from, .about = about, .at = time_of(notification)};
  parts_.outside.sink.stage_event(change, changes);
  BookUpdates updates;
  updates.contacts.push_back({*from, {.about = about}});
  co_return co_await book_.update(std::move(updates), changes);
}

/// The LIDs in it are learned with every notification; here somebody changed his number.
Task<Result<void>> AccountNotifications::take_contacts(const Node& notification, Changes& changes) {
  const Node* modify = notification.child("modify");
  if (modify == nullptr) co_return Result<void>{};
  const auto old_number = account_in(*modify, "old");
  const auto new_number = account_in(*modify, "new");
  if (!old_number || !new_number) co_return Result<void>{};
  WA_CO_TRY(ContactFacts facts, co_await book_.contact(*old_number));
  BookUpdates updates;
  updates.contacts.push_back({*new_number, std::move(facts)});
  WA_CO_TRY_VOID(co_await book_.update(std::move(updates), changes));
  ContactChange change{.jid = *old_number, .pn = *new_number, .at = time_of(notification)};
  change.lid = account_in(*modify, "new_lid");
  parts_.outside.sink.stage_event(change, changes);
  co_return Result<void>{};
}

/// Somebody's default for new chats; what counts in a chat comes with its messages.
Task<Result<void>> AccountNotifications::take_timer(const Node& notification, Changes& changes) {
  const auto from = account_in(notification, "from");
  const Node* mode = notification.child("disappearing_mode");
  if (!from || mode == nullptr || !is_own_account(parts_.connection.self(), *from)) co_return Result<void>{};
  tell_account("disappearing_mode", mode->attr("duration").value_or("0"), notification, changes);
  co_return Result<void>{};
}

Task<Result<void>> AccountNotifications::take_business(const Node& notification, Changes& changes) {
  const auto from = account_in(notification, "from");
  if (!from || notification.child("remove") == nullptr) co_return Result<void>{};
  BookUpdates updates;
  updates.contacts.push_back({*from, {.verified_name = ""}});
  co_return co_await book_.update(std::move(updates), changes);
}

// ---- our own account
// ----------------------------------------------------------------------------------------

Task<Result<void>> AccountNotifications::take_account(const Node& notification, Changes& changes) {
  if (const auto name = notification.attr("pushname")) {
    const std::string shown = presentable_push_name(*name);
    if (!shown.empty() && shown != parts_.connection.self().push_name) {
      parts_.connection.rename_self(shown, changes);
      tell_account("push_name", shown, notification, changes);
      if (renamed) renamed();
    }
  }
  if (const Node* picture = notification.child("picture"))
    tell_account("picture", picture->attr("id").value_or(""), notification, changes);
  if (notification.child("status") != nullptr || notification.child("text_status") != nullptr)
    tell_account("about", "", notification, changes);
  if (const Node* mode = notification.child("disappearing_mode"))
    tell_account("disappearing_mode", mode->attr("duration").value_or("0"), notification, changes);
  if (const Node* username = notification.child("username"))
    tell_account("username", to_valid_utf8(username->attr("username").value_or("")), notification, changes);
  if (const Node* list = notification.child("blocklist")) {
    WA_CO_TRY(const Blocklist::Applied applied, co_await blocklist_.apply(*list, changes));
    blocked_ = applied == Blocklist::Applied::kYes ? Blocked::kKnown : Blocked::kFetchAnew;
    AccountChange change{.what = "blocklist", .at = time_of(notification)};
    for (const Node* item : list->children("item"))
      if (const auto who = account_in(*item, "jid")) change.jids.push_back(*who);
    parts_.outside.sink.stage_event(change, changes);
  }
  co_return Result<void>{};
}

}  // namespace whatsapp
