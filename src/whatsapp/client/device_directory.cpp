#include "whatsapp/client/device_directory.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/message/phash.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kListLife = 24 * 3600;  // seconds
constexpr std::int64_t kOwnListLife = 3600;
constexpr base::Duration kRegisteredFor = 7 * 24h;
constexpr base::Duration kUnregisteredFor = 1h;

using Device = store::DeviceListRow::Device;

Jid device_jid(const Jid& account, const Device& device) {
  return account.with_device(device.id, device.hosted ? binary::Hosting::kHosted : binary::Hosting::kOwn);
}

std::vector<Jid> jids_of(const Jid& account, const std::vector<Device>& devices) {
  std::vector<Jid> out;
  for (const Device& device : devices) out.push_back(device_jid(account, device));
  return out;
}

/// The server may answer under the other form than the one we asked for.
bool is_about(const UsyncUser& user, const Jid& account) {
  for (const auto& jid : {user.jid, user.pn_jid, user.lid})
    if (jid && jid->same_account(account)) return true;
  return false;
}

/// The server's hash of a list in one of its two forms: absent, or right.
bool hash_agrees(const Node& delta, std::string_view attribute, std::string_view user, binary::Server server,
                 const std::vector<Device>& devices) {
  const auto expected = delta.attr(attribute);
  if (!expected || user.empty()) return true;
  return *expected == message::participant_hash(jids_of(Jid{user, server}, devices));
}

}  // namespace

DeviceDirectory::DeviceDirectory(runtime::EventLoop& loop, AccountStore& store, SessionKeeper& sessions,
                                 LidMap& lids, CurrentConnection& connection, QueryBudget& budget,
                                 base::Random& random, base::Log log, std::size_t capacity)
    : loop_(loop),
      store_(store),
      sessions_(sessions),
      lids_(lids),
      connection_(connection),
      budget_(budget),
      sids_(random),
      log_(std::move(log)),
      asking_(loop),
      lists_(capacity) {}

// ---- reading ------------------------------------------------------------------------------------------

Task<Result<std::vector<Jid>>> DeviceDirectory::devices_of(std::vector<Jid> accounts, Freshness freshness) {
  std::vector<Wanted> wanted;
  for (Jid& account : accounts) wanted.push_back({std::move(account), std::nullopt});
  WA_CO_TRY_VOID(co_await fill(wanted, freshness));

  std::vector<Jid> out;
  for (const Wanted& one : wanted) {
    const std::vector<Device> devices = one.row ? one.row->devices : std::vector<Device>{Device{}};
    for (Jid& jid : jids_of(one.account, devices))
      if (!is_own_device(connection_.self(), jid)) out.push_back(std::move(jid));
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  co_return out;
}

Task<Result<void>> DeviceDirectory::fill(std::vector<Wanted>& wanted, Freshness freshness) {
  std::vector<Wanted*> missing;
  WA_CO_TRY_VOID(co_await read_stored(wanted));
  for (Wanted& one : wanted) {
    if (freshness == Freshness::kRefetched || !one.row || !is_fresh(*one.row, one.account))
      missing.push_back(&one);
  }
  for (std::size_t begin = 0; begin < missing.size(); begin += kUsersPerQuery) {
    const std::size_t end = std::min(missing.size(), begin + kUsersPerQuery);
    std::vector<Wanted*> slice(missing.begin() + static_cast<std::ptrdiff_t>(begin),
                               missing.begin() + static_cast<std::ptrdiff_t>(end));
    const bool all_have_lists = std::ranges::all_of(slice, [](Wanted* one) { return one->row.has_value(); });
    const auto fetched = co_await fetch(std::move(slice));
    if (fetched) continue;
    // An old list is better than no message; devices it lacks ask by retry receipts.
    if (!all_have_lists || fetched.error().code == ErrorCode::kClosed) co_return fetched;
    log_.warn("device lists could not be refreshed", {{"error", fetched.error().message}});
  }
  co_return Result<void>{};
}

/// One read for all of them: a big group has a thousand members.
Task<Result<void>> DeviceDirectory::read_stored(std::vector<Wanted>& wanted) {
  std::vector<std::string> pn_users;
  for (const Wanted& one : wanted)
    if (one.account.is_pn()) pn_users.emplace_back(one.account.user());
  WA_CO_TRY_VOID(co_await lids_.prepare(std::move(pn_users)));
  std::vector<std::pair<Wanted*, std::string>> unknown;
  for (Wanted& one : wanted) {
    WA_CO_TRY(const Jid canonical, co_await lids_.canonical(one.account));
    std::string key = canonical.to_string();
    if (const Row* row = lists_.find(key)) {
      one.row = *row;
    } else {
      unknown.emplace_back(&one, std::move(key));
    }
  }
  if (unknown.empty()) co_return Result<void>{};
  auto query = [&unknown](DeviceStore& device) -> Result<void> {
    for (auto& [one, key] : unknown) {
      WA_TRY(one->row, device.device_list(key));
      if (one->row && one->row->devices.empty()) one->row.reset();
    }
    return {};
  };
  WA_CO_TRY_VOID(co_await store_.read(query));
  for (const auto& [one, key] : unknown)
    if (one->row) lists_.put(key, *one->row);
  co_return Result<void>{};
}

Task<Result<std::optional<store::DeviceListRow>>> DeviceDirectory::stored_list(Jid account) {
  WA_CO_TRY(const Jid canonical, co_await lids_.canonical(std::move(account)));
  const std::string key = canonical.to_string();
  if (const Row* row = lists_.find(key)) co_return std::optional<Row>{*row};
  auto query = [&key](DeviceStore& device) { return device.device_list(key); };
  WA_CO_TRY(std::optional<Row> row, co_await store_.read(query));
  if (row && row->devices.empty()) row.reset();
  if (row) lists_.put(key, *row);
  co_return row;
}

bool DeviceDirectory::is_fresh(const Row& row, const Jid& account) const {
  const std::int64_t life = is_own_account(connection_.self(), account) ? kOwnListLife : kListLife;
  const std::int64_t age = connection_.unix_seconds() - row.fetched_at;
  return age >= 0 && age < life;
}

// ---- asking -------------------------------------------------------------------------------------------

Task<Result<std::vector<UsyncUser>>> DeviceDirectory::ask(QueryBudget::Kind kind, Node query) {
  WA_CO_TRY(const auto turn, co_await asking_.lock());
  WA_CO_TRY(const Node answer, co_await budgeted_query(connection_, budget_, kind, std::move(query)));
  co_return read_usync(answer);
}

Task<Result<void>> DeviceDirectory::fetch(std::vector<Wanted*> missing) {
  std::vector<Jid> accounts;
  for (const Wanted* one : missing) accounts.push_back(one->account);
  const std::uint64_t asked_at = epoch_;
  WA_CO_TRY(const auto users, co_await ask(QueryBudget::Kind::kUsync, device_query(accounts, sids_.next())));
  co_return co_await take_in(users, missing, asked_at);
}

Task<Result<void>> DeviceDirectory::take_in(const std::vector<UsyncUser>& users,
                                            const std::vector<Wanted*>& asked, std::uint64_t asked_at) {
  WA_CO_TRY(auto work, co_await sessions_.begin());
  std::vector<store::LidMapping> pairs;
  for (const UsyncUser& user : users)
    if (user.jid && user.lid)
      if (auto pair = pair_of(*user.jid, *user.lid)) pairs.push_back(*std::move(pair));
  WA_CO_TRY_VOID(co_await lids_.learn(std::move(pairs), work.changes));

  for (Wanted* one : asked) {
    const auto user = std::ranges::find_if(
        users, [&](const UsyncUser& candidate) { return is_about(candidate, one->account); });
    if (user == users.end() || !user->devices) continue;
    WA_CO_TRY(const Jid canonical, co_await lids_.canonical(one->account));
    one->row = Row{canonical.to_string(), *user->devices, connection_.unix_seconds()};
    if (asked_at == epoch_) keep(*one->row, work.changes);
  }
  co_return co_await work.commit();
}

void DeviceDirectory::keep(Row row, Changes& changes) {
  changes.device_lists.push_back(row);
  const std::string key = row.user;
  lists_.put(key, std::move(row));
}

Task<Result<KnownNumber>> DeviceDirectory::look_up_number(std::string digits) {
  if (const RememberedNumber* known = numbers_.find(digits);
      known != nullptr && loop_.clock().now() < known->until) {
    if (known->known) co_return *known->known;
    co_return fail(ErrorCode::kNotFound, "the number is not on WhatsApp");
  }
  auto users = co_await ask(QueryBudget::Kind::kNumberCheck, number_query(digits, sids_.next()));
  const KnownNumber as_asked{pn_jid(digits), std::nullopt};
  if (!users && users.error().code == ErrorCode::kRejected) co_return as_asked;  // the send will tell
  if (!users) co_return fail(std::move(users).error());

  auto user = std::ranges::find_if(*users, [&](const UsyncUser& candidate) {
    return std::ranges::find(candidate.contacts, digits) != candidate.contacts.end();
  });
  if (user == users->end() && users->size() == 1) user = users->begin();
  if (user == users->end()) co_return as_asked;
  if (user->registered == UsyncUser::Registered::kNo) {
    numbers_.put(digits, {std::nullopt, loop_.clock().now() + kUnregisteredFor});
    co_return fail(ErrorCode::kNotFound, "the number is not on WhatsApp");
  }

  KnownNumber known = as_asked;
  for (const auto& jid : {user->jid, user->pn_jid})
    if (jid && jid->is_pn()) known.pn = jid->account();
  for (const auto& jid : {user->jid, user->lid})
    if (jid && jid->is_lid()) known.lid = std::string{jid->user()};
  if (known.lid) {
    WA_CO_TRY(auto work, co_await sessions_.begin());
    std::vector<store::LidMapping> pair{{std::string{known.pn.user()}, *known.lid}};
    WA_CO_TRY_VOID(co_await lids_.learn(std::move(pair), work.changes));
    WA_CO_TRY_VOID(co_await work.commit());
  }
  numbers_.put(digits, {known, loop_.clock().now() + kRegisteredFor});
  co_return known;
}

Task<Result<void>> DeviceDirectory::refresh_lid(Jid pn) {
  numbers_.erase(std::string{pn.user()});
  const auto known = co_await look_up_number(std::string(pn.user()));
  if (!known) co_return fail(known.error());
  co_return Result<void>{};
}

// ---- changes ------------------------------------------------------------------------------------------

Task<Result<void>> DeviceDirectory::drop(Jid account, Changes& changes) {
  WA_CO_TRY(const Jid canonical, co_await lids_.canonical(std::move(account)));
  const std::string key = canonical.to_string();
  lists_.erase(key);
  changes.device_lists_dropped.push_back(key);
  ++epoch_;
  co_return Result<void>{};
}

Task<Result<void>> DeviceDirectory::apply_devices(const Node& notification, Changes& changes) {
  const auto from = notification.jid("from");
  if (!from || (!from->is_pn() && !from->is_lid())) co_return Result<void>{};
  const Jid lid = notification.jid("lid").value_or(Jid{});
  store::LidMapping user;
  if (auto pair = pair_of(*from, lid)) {
    user = *pair;
    std::vector<store::LidMapping> pairs{*pair};
    WA_CO_TRY_VOID(co_await lids_.learn(std::move(pairs), changes));
  } else if (from->is_lid()) {
    user.lid_user = std::string{from->user()};
    WA_CO_TRY(auto pn, co_await lids_.pn_of(user.lid_user));
    user.pn_user = pn.value_or("");
  } else {
    user.pn_user = std::string{from->user()};
    WA_CO_TRY(auto known, co_await lids_.lid_of(user.pn_user));
    user.lid_user = known.value_or("");
  }
  for (const Node& delta : notification.children())
    WA_CO_TRY_VOID(co_await apply_delta(delta, user, *from, changes));
  co_return Result<void>{};
}

Task<Result<void>> DeviceDirectory::apply_delta(const Node& delta, const store::LidMapping& user,
                                                const Jid& from, Changes& changes) {
  const bool adds = delta.tag() == "add";
  const bool removes = delta.tag() == "remove";
  if (!adds && !removes) co_return co_await drop(from, changes);

  const std::vector<Device> named = read_devices(delta);
  WA_CO_TRY(auto row, co_await stored_list(from));
  ++epoch_;
  if (removes) {
    for (const Device& device : named) {
      if (device.id == 0) continue;
      WA_CO_TRY(const auto address, co_await lids_.address_for(device_jid(from.account(), device)));
      if (address) sessions_.forget_session_and_identity(*address, changes);
    }
  }
  if (!row) co_return Result<void>{};  // never built from a delta
  for (const Device& device : named) {
    std::erase_if(row->devices, [&](const Device& known) { return known.id == device.id; });
    if (adds) row->devices.push_back(device);
  }
  const bool agrees =
      hash_agrees(delta, "device_hash", user.pn_user, binary::Server::kUser, row->devices) &&
      hash_agrees(delta, "device_lid_hash", user.lid_user, binary::Server::kLid, row->devices);
  if (!agrees || row->devices.empty()) co_return co_await drop(from, changes);
  keep(*std::move(row), changes);
  co_return Result<void>{};
}

Task<Result<void>> DeviceDirectory::apply_own_devices(const Node& notification, Changes& changes) {
  const Node* list = notification.child("devices");
  const auto from = notification.jid("from");
  if (list == nullptr || !from || !is_own_account(connection_.self(), *from)) co_return Result<void>{};
  ++epoch_;
  const std::vector<Device> devices = read_devices(*list);
  if (devices.empty() || !hash_agrees(*list, "dhash", from->user(), from->server(), devices))
    co_return co_await drop(*from, changes);
  WA_CO_TRY(const Jid canonical, co_await lids_.canonical(*from));
  Row row{canonical.to_string(), devices, connection_.unix_seconds()};
  keep(std::move(row), changes);
  co_return Result<void>{};
}

void DeviceDirectory::clear() {
  lists_.clear();
  numbers_.clear();
}

}  // namespace whatsapp
