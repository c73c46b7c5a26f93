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
  co_return Result<void>{};
}

/// He lost the token that we gave him.
void IdentityNews::committed(const Node& notification) {
  if (const auto person = person_of(notification, parts_.connection.self()))
    parts_.tokens.issue_again(*person);
}

}  // namespace whatsapp
