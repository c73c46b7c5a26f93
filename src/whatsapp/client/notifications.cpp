#include "whatsapp/client/notifications.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/lid_changes.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using signal::Address;
using signal::Domain;
using store::DeviceStore;

Task<void> Notifications::take(const Node& notification) {
  StanzaAnswer answer(parts_.connection, notification, parts_.outside.log);
  auto work = co_await parts_.sessions.begin();
  if (!work) {
    answer.give_up(work.error());
    co_return;
  }
  auto done = co_await obey(notification, work->changes);
  if (done) done = co_await work->commit();
  if (done) {
    answer.ack();
    const std::string type = notification.attr("type").value_or("");
    for (const auto& [wanted, listener] : listeners_)
      if (wanted == type) listener->committed(notification);
    parts_.outside.sink.staged();
  } else {
    answer.give_up(done.error());
  }
}

Task<Result<void>> Notifications::obey(const Node& notification, Changes& changes) {
  WA_CO_TRY_VOID(co_await learn_lids(notification, changes));
  WA_CO_TRY_VOID(co_await note_name(notification, changes));
  const std::string type = notification.attr("type").value_or("");
  for (const auto& [wanted, listener] : listeners_)
    if (wanted == type) WA_CO_TRY_VOID(co_await listener->take(notification, changes));
  if (type == "encrypt") co_return co_await obey_encrypt(notification, changes);
  if (type == "devices") co_return co_await parts_.directory.apply_devices(notification, changes);
  if (type == "account_sync") co_return co_await parts_.directory.apply_own_devices(notification, changes);
  co_return Result<void>{};
}

/// `notify`: how whoever did it calls himself.
Task<Result<void>> Notifications::note_name(const Node& notification, Changes& changes) {
  const auto name = notification.attr("notify");
  auto person = notification.jid("participant");
  if (!person) person = notification.jid("from");
  if (!name || !person) co_return Result<void>{};
  co_return co_await parts_.contacts.note(*person, *name, ContactBook::Heard::kName, changes);
}

Task<Result<void>> Notifications::learn_lids(const Node& notification, Changes& changes) {
  auto pairs = pairs_of_notification(notification);
  for (const LidChange& change : lid_changes_of(notification)) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(change.old_lid));
    if (pn) pairs.push_back({*pn, change.new_lid});
  }
  co_return co_await parts_.lids.learn(std::move(pairs), changes);
}

Task<Result<void>> Notifications::obey_encrypt(const Node& notification, Changes& changes) {
  if (const Node* count = notification.child("count")) {
    const std::int64_t left = count->number("value").value_or(0);
    parts_.outside.pre_keys.refill_if_low(static_cast<std::size_t>(std::max<std::int64_t>(left, 0)));
  }
  if (notification.child("digest") != nullptr) parts_.outside.pre_keys.check_digest();
  if (notification.child("identity") == nullptr) co_return Result<void>{};
  co_return co_await identity_changed(notification, changes);
}

/// A person registered anew: nothing that we shared with the old devices is of use.
Task<Result<void>> Notifications::identity_changed(const Node& notification, Changes& changes) {
  const auto from = notification.jid("from");
  if (!from || (!from->is_pn() && !from->is_lid()) || from->device() != 0) co_return Result<void>{};
  if (is_own_account(parts_.connection.self(), *from)) {
    parts_.outside.log.warn("our own phone was registered anew; the link goes on unless the server ends it");
    co_return Result<void>{};
  }
  const Jid account = from->normalized().account();
  const std::int64_t since = notification.number("t").value_or(parts_.connection.unix_seconds());
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(account));
  std::vector<std::string> lid_users;
  std::vector<std::string> pn_users;
  (canonical.is_lid() ? lid_users : pn_users).push_back(std::string{canonical.user()});
  if (canonical.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(lid_users.front()));
    if (pn) pn_users.push_back(*pn);
  }
  for (const std::string& user : lid_users) {
    WA_CO_TRY_VOID(co_await forget_devices(user, Domain::kLid, since, changes));
    WA_CO_TRY_VOID(co_await forget_devices(user, Domain::kHostedLid, since, changes));
  }
  for (const std::string& user : pn_users) {
    WA_CO_TRY_VOID(co_await forget_devices(user, Domain::kPn, since, changes));
    WA_CO_TRY_VOID(co_await forget_devices(user, Domain::kHosted, since, changes));
  }
  parts_.outside.log.info("a contact registered anew", {{"contact", base::masked(account.to_string())}});
  co_return co_await parts_.directory.drop(account, changes);
}

Task<Result<void>> Notifications::forget_devices(std::string user, Domain domain, std::int64_t since,
                                                 Changes& changes) {
  auto query = [&user, domain](DeviceStore& device) { return device.session_addresses(user, domain); };
  WA_CO_TRY(const std::vector<Address> addresses, co_await parts_.outside.store.read(query));
  WA_CO_TRY_VOID(co_await parts_.sessions.load(addresses, changes));
  for (const Address& address : addresses) {
    // The new phone may have written before this notification came.
    const auto& identity = parts_.sessions.peer(address).identity;
    if (address.device == 0 && identity && identity->updated_at >= since) continue;
    parts_.sessions.forget_session_and_identity(address, changes);
  }
  co_return Result<void>{};
}

}  // namespace whatsapp
