#include "whatsapp/client/groups/group_retries.h"

#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/message/sender_key_share.h"
#include "whatsapp/signal/group_cipher.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using runtime::Task;

Task<Result<bool>> GroupRetries::may_have_it(Jid chat, std::string id, Jid requester) {
  const Jid account = requester.normalized().account();
  if (is_own_account(parts_.connection.self(), account)) co_return true;
  if (chat.is_status()) co_return co_await status_.may_see(std::move(id), account);
  WA_CO_TRY(const auto group, co_await groups_.get(chat));
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(account));
  if (group->find(account) != nullptr || group->find(canonical) != nullptr) co_return true;
  // Members may be named by numbers whose LIDs were learned later.
  if (canonical.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(canonical.user())));
    if (pn && group->find(pn_jid(*pn)) != nullptr) co_return true;
  }
  parts_.outside.log.warn("somebody who is no member asks for a message of a group; the key is changed",
                          {{"group", chat.to_string()}, {"who", base::masked(account.to_string())}});
  store::Changes changes;
  keys_.throw_away(chat.to_string(), changes);
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  co_return false;
}

Task<Result<base::Bytes>> GroupRetries::plaintext_for(Jid chat, signal::Address requester,
                                                      base::ByteView message, store::Changes& changes) {
  const std::string name = chat.to_string();
  keys_.forget_mark(name, requester, changes);
  WA_CO_TRY(const auto record, co_await keys_.current(name));
  const auto distribution = signal::distribution_message(record);
  if (!distribution) co_return base::to_bytes(message);  // no key now: the next message makes one
  co_return message::with_sender_key(message, name, *distribution);
}

}  // namespace whatsapp
