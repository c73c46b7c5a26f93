#include "importers/lid_table.h"

namespace importers {

using whatsapp::signal::Address;
using whatsapp::signal::Domain;

bool LidTable::add(const std::string& pn_user, const std::string& lid_user) {
  const auto known_lid = lid_of_.find(pn_user);
  if (known_lid != lid_of_.end()) return known_lid->second == lid_user;
  if (pn_of_.contains(lid_user)) return false;
  lid_of_[pn_user] = lid_user;
  pn_of_[lid_user] = pn_user;
  return true;
}

Address LidTable::canonical(const Address& address) const {
  const bool is_number = address.domain == Domain::kPn || address.domain == Domain::kHosted;
  const std::string* lid = is_number ? lid_of(address.user) : nullptr;
  if (lid == nullptr) return address;
  const Domain domain = address.domain == Domain::kPn ? Domain::kLid : Domain::kHostedLid;
  return {*lid, domain, address.device};
}

const std::string* LidTable::lid_of(const std::string& pn_user) const {
  const auto found = lid_of_.find(pn_user);
  return found == lid_of_.end() ? nullptr : &found->second;
}

std::vector<whatsapp::store::LidMapping> LidTable::mappings() const {
  std::vector<whatsapp::store::LidMapping> out;
  out.reserve(lid_of_.size());
  for (const auto& [pn, lid] : lid_of_) out.push_back({pn, lid});
  return out;
}

}  // namespace importers
