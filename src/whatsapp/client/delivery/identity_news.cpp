#include "whatsapp/client/delivery/identity_news.h"

#include <optional>
#include <string>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;

namespace {

/// Whose identity the notification is about: another person's phone, not a companion and not ourselves.
std::optional<Jid> person_of(const Node& notification, const Self& self) {
  const auto from = notification.jid("from");
  if (!notification.attr_is("type", "encrypt") || notification.child("identity") == nullptr)
    return std::nullopt;
  if (!from || (!from->is_pn() && !from->is_lid()) || from->device() != 0) return std::nullopt;
  if (is_own_account(self, *from)) return std::nullopt;
  return from->normalized().account();
}

}  // namespace

Task<Result<void>> tell_new_identity(DeskParts& parts, Jid person, Changes& changes) {
  ContactChange news;
  WA_CO_TRY(news.jid, co_await parts.lids.canonical(std::move(person)));
  (news.jid.is_lid() ? news.lid : news.pn) = news.jid;
  if (news.jid.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts.lids.pn_of(std::string(news.jid.user())));
    if (pn) news.pn = pn_jid(*pn);
  }
  news.identity = ContactChange::Identity::kNew;
  news.at = parts.connection.unix_seconds();
  parts.outside.sink.stage_event(news, changes);
  co_return Result<void>{};
}

Task<Result<void>> IdentityNews::take(const Node& notification, Changes& changes) {
  if (const auto person = person_of(notification, parts_.connection.self()))
    co_return co_await tell_new_identity(parts_, *person, changes);
  if (!notification.attr_is("type", "contacts")) co_return Result<void>{};
  for (const Node* change : notification.children("modify"))
    WA_CO_TRY_VOID(co_await tell_new_number(*change, changes));
  co_return Result<void>{};
}

/// The pairs themselves have been learned before any listener hears of them.
Task<Result<void>> IdentityNews::tell_new_number(const Node& change, Changes& changes) {
  const auto number = change.jid("new");
  if (!number || !number->is_pn()) co_return Result<void>{};
  ContactChange news;
  news.pn = number->normalized().account();
  WA_CO_TRY(news.jid, co_await parts_.lids.canonical(*news.pn));
  if (news.jid.is_lid()) news.lid = news.jid;
  news.at = parts_.connection.unix_seconds();
  parts_.outside.sink.stage_event(news, changes);
  co_return Result<void>{};
}

/// He lost the token that we gave him.
void IdentityNews::committed(const Node& notification) {
  if (const auto person = person_of(notification, parts_.connection.self()))
    parts_.tokens.issue_again(*person);
}

}  // namespace whatsapp
