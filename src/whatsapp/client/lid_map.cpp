#include "whatsapp/client/lid_map.h"

#include <utility>

#include "whatsapp/client/addresses.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using runtime::Task;
using signal::Address;
using store::DeviceStore;
using store::LidMapping;
using User = std::optional<std::string>;

std::optional<LidMapping> pair_of(const Jid& a, const Jid& b) {
  if (a.user().empty() || b.user().empty()) return std::nullopt;
  if (a.is_pn() && b.is_lid()) return LidMapping{std::string{a.user()}, std::string{b.user()}};
  if (a.is_lid() && b.is_pn()) return LidMapping{std::string{b.user()}, std::string{a.user()}};
  return std::nullopt;
}

Task<Result<User>> LidMap::lid_of(std::string pn_user) {
  if (const User* known = lids_.find(pn_user)) co_return *known;
  auto query = [&pn_user](DeviceStore& device) { return device.lid_of(pn_user); };
  WA_CO_TRY(User found, co_await store_.read(query));
  lids_.put(pn_user, found);
  co_return found;
}

Task<Result<void>> LidMap::prepare(std::vector<std::string> pn_users) {
  std::erase_if(pn_users, [this](const std::string& user) { return lids_.find(user) != nullptr; });
  if (pn_users.empty()) co_return Result<void>{};
  auto query = [&pn_users](DeviceStore& device) -> Result<std::vector<User>> {
    std::vector<User> out;
    for (const std::string& user : pn_users) {
      WA_TRY(auto lid, device.lid_of(user));
      out.push_back(std::move(lid));
    }
    return out;
  };
  WA_CO_TRY(auto found, co_await store_.read(query));
  for (std::size_t i = 0; i < pn_users.size(); ++i) lids_.put_untrimmed(pn_users[i], std::move(found[i]));
  co_return Result<void>{};
}

Task<Result<User>> LidMap::pn_of(std::string lid_user) {
  if (const User* known = pns_.find(lid_user)) co_return *known;
  auto query = [&lid_user](DeviceStore& device) { return device.pn_of(lid_user); };
  WA_CO_TRY(User found, co_await store_.read(query));
  pns_.put(lid_user, found);
  co_return found;
}

bool LidMap::knows(const LidMapping& pair) {
  const User* lid = lids_.find(pair.pn_user);
  return lid != nullptr && *lid == pair.lid_user;
}

bool LidMap::contradicts_own(const LidMapping& pair) const {
  if (own_.lid.user().empty()) return false;
  return (pair.pn_user == own_.pn.user()) != (pair.lid_user == own_.lid.user());
}

Task<Result<void>> LidMap::learn(std::vector<LidMapping> pairs, store::Changes& changes) {
  std::erase_if(pairs, [this](const LidMapping& pair) {
    return pair.pn_user.empty() || pair.lid_user.empty() || knows(pair) || contradicts_own(pair);
  });
  if (pairs.empty()) co_return Result<void>{};

  auto query = [&pairs](DeviceStore& device) -> Result<std::vector<LidMapping>> {
    std::vector<LidMapping> news;
    for (LidMapping& pair : pairs) {
      WA_TRY(const User stored, device.lid_of(pair.pn_user));
      if (stored != pair.lid_user) news.push_back(pair);
    }
    return news;
  };
  WA_CO_TRY(std::vector<LidMapping> news, co_await store_.read(query));
  for (const LidMapping& pair : news) {
    WA_CO_TRY_VOID(co_await sessions_.migrate(pair.pn_user, pair.lid_user, changes));
    changes.device_lists_dropped.push_back(pn_jid(pair.pn_user).to_string());
    changes.lid_mappings.push_back(pair);
  }
  for (const LidMapping& pair : pairs) {
    // Whatever else was believed about either side is no longer true, and is asked for again.
    if (const User* old = lids_.find(pair.pn_user); old != nullptr && *old) pns_.erase(**old);
    if (const User* old = pns_.find(pair.lid_user); old != nullptr && *old) lids_.erase(**old);
    lids_.put(pair.pn_user, pair.lid_user);
    pns_.put(pair.lid_user, pair.pn_user);
  }
  co_return Result<void>{};
}

Task<Result<Jid>> LidMap::canonical(Jid jid) {
  Jid account = jid.normalized().account();
  if (!account.is_pn()) co_return account;
  WA_CO_TRY(const User lid, co_await lid_of(std::string(account.user())));
  if (!lid) co_return account;
  co_return lid_jid(*lid);
}

Task<Result<std::optional<Address>>> LidMap::address_for(Jid device) {
  const auto address = address_of(device);
  if (!address || !is_pn(address->domain)) co_return address;
  WA_CO_TRY(const User lid, co_await lid_of(address->user));
  if (!lid) co_return address;
  co_return under_lid(*address, *lid);
}

void LidMap::clear() {
  lids_.clear();
  pns_.clear();
}

}  // namespace whatsapp
