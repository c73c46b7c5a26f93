#include "whatsapp/client/session_keeper.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "whatsapp/client/addresses.h"

namespace whatsapp {

using base::Result;
using runtime::Task;
using signal::Address;
using signal::Domain;
using signal::SessionRecord;
using store::Changes;
using store::DeviceStore;

bool PeerState::can_encrypt() const {
  std::optional<crypto::PublicKey> known;
  if (identity) known = identity->key;
  return session.can_encrypt(known);
}

namespace {

bool is_lid(Domain domain) { return domain == Domain::kLid || domain == Domain::kHostedLid; }

Address under_pn(const Address& lid_address, const std::string& pn_user) {
  const Domain domain = lid_address.domain == Domain::kHostedLid ? Domain::kHosted : Domain::kPn;
  return {pn_user, domain, lid_address.device};
}

Result<void> read_old_form(DeviceStore& device, PeerRows& rows) {
  WA_TRY(const auto pn_user, device.pn_of(rows.address.user));
  if (!pn_user) return {};
  const Address old_address = under_pn(rows.address, *pn_user);
  WA_TRY(rows.old_session, device.session(old_address));
  if (!rows.old_session) return {};
  WA_TRY(rows.old_identity, device.identity(old_address));
  rows.old_address = old_address;
  return {};
}

SessionRecord parsed(const std::optional<base::Bytes>& bytes, PeerState& state) {
  if (!bytes) return {};
  auto record = SessionRecord::parse(*bytes);
  if (record) return *std::move(record);
  state.stored = PeerState::Stored::kUnreadable;
  return {};
}

}  // namespace

Result<std::vector<PeerRows>> read_peers(DeviceStore& device, const std::vector<Address>& addresses) {
  std::vector<PeerRows> out;
  out.reserve(addresses.size());
  WA_TRY(auto sessions, device.sessions(addresses));
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    PeerRows& rows = out.emplace_back();
    rows.address = addresses[i];
    rows.session = std::move(sessions.at(i));
    WA_TRY(rows.identity, device.identity(rows.address));
    if (!rows.session && is_lid(rows.address.domain)) WA_TRY_VOID(read_old_form(device, rows));
  }
  return out;
}

SessionWork::~SessionWork() {
  if (keeper_ != nullptr && !changes.empty()) keeper_->invalidate();
}

Task<Result<void>> SessionWork::commit() {
  lock_.release();
  Changes all = std::exchange(changes, {});
  if (all.empty()) co_return Result<void>{};
  const auto committed = co_await keeper_->store_.commit(std::move(all));
  if (!committed) keeper_->invalidate();
  co_return committed;
}

Task<Result<SessionWork>> SessionKeeper::begin() {
  WA_CO_TRY(auto guard, co_await mutex_.lock());
  co_return SessionWork{*this, std::move(guard)};
}

SessionKeeper::SessionKeeper(runtime::EventLoop& loop, AccountStore& store, std::size_t capacity)
    : store_(store), mutex_(loop), cache_(capacity) {}

void SessionKeeper::drop_if_stale() {
  if (std::exchange(stale_, false)) cache_.clear();
}

void SessionKeeper::drop_if_unused() {
  if (!mutex_.locked()) cache_.clear();
}

bool SessionKeeper::loaded(const Address& address) {
  drop_if_stale();
  return cache_.find(address) != nullptr;
}

Task<Result<void>> SessionKeeper::load(std::vector<Address> addresses, Changes& changes) {
  drop_if_stale();
  cache_.trim();
  std::ranges::sort(addresses);
  addresses.erase(std::ranges::unique(addresses).begin(), addresses.end());
  std::erase_if(addresses, [this](const Address& address) { return cache_.find(address) != nullptr; });
  if (addresses.empty()) co_return Result<void>{};

  auto query = [&addresses](DeviceStore& device) { return read_peers(device, addresses); };
  WA_CO_TRY(auto rows, co_await store_.read(query));
  for (PeerRows& row : rows) adopt(std::move(row), changes);
  co_return Result<void>{};
}

void SessionKeeper::adopt(PeerRows rows, Changes& changes) {
  if (cache_.find(rows.address) != nullptr) return;
  PeerState state;
  state.session = parsed(rows.session, state);
  state.identity = rows.identity;
  PeerState& kept = cache_.put_untrimmed(rows.address, std::move(state));
  if (!rows.old_address) return;
  PeerState old;
  kept.session.absorb(parsed(rows.old_session, old));
  store_session(rows.address, changes);
  if (!kept.identity && rows.old_identity)
    store_identity(rows.address, rows.old_identity->key, rows.old_identity->updated_at, changes);
  forget_session_and_identity(*rows.old_address, changes);
}

PeerState& SessionKeeper::peer(const Address& address) {
  PeerState* state = cache_.find(address);
  assert(state != nullptr && "load() the address first");
  return *state;
}

void SessionKeeper::store_session(const Address& address, Changes& changes) {
  changes.sessions.emplace_back(address, peer(address).session.serialize());
}

void SessionKeeper::store_identity(const Address& address, const crypto::PublicKey& key, std::int64_t now,
                                   Changes& changes) {
  const store::IdentityRow row{key, now};
  peer(address).identity = row;
  changes.identities.emplace_back(address, row);
}

void SessionKeeper::forget_session(const Address& address, Changes& changes) {
  if (PeerState* state = cache_.find(address)) state->session = {};
  changes.sessions.emplace_back(address, std::nullopt);
}

void SessionKeeper::forget_session_and_identity(const Address& address, Changes& changes) {
  forget_session(address, changes);
  if (PeerState* state = cache_.find(address)) state->identity.reset();
  changes.identities.emplace_back(address, std::nullopt);
}

Task<Result<void>> SessionKeeper::migrate(std::string pn_user, std::string lid_user, Changes& changes) {
  auto query = [&pn_user](DeviceStore& device) -> Result<std::vector<Address>> {
    WA_TRY(auto found, device.session_addresses(pn_user, Domain::kPn));
    WA_TRY(auto hosted, device.session_addresses(pn_user, Domain::kHosted));
    found.insert(found.end(), hosted.begin(), hosted.end());
    return found;
  };
  WA_CO_TRY(const std::vector<Address> old_addresses, co_await store_.read(query));
  std::vector<Address> both = old_addresses;
  for (const Address& old : old_addresses) both.push_back(under_lid(old, lid_user));
  WA_CO_TRY_VOID(co_await load(std::move(both), changes));

  for (const Address& old : old_addresses) {
    const Address address = under_lid(old, lid_user);
    const PeerState moved = peer(old);
    PeerState& state = peer(address);
    state.session.absorb(moved.session);
    store_session(address, changes);
    if (!state.identity && moved.identity)
      store_identity(address, moved.identity->key, moved.identity->updated_at, changes);
    forget_session_and_identity(old, changes);
  }
  co_return Result<void>{};
}

}  // namespace whatsapp
