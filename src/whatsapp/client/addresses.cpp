#include "whatsapp/client/addresses.h"

#include <string>

namespace whatsapp {

using binary::Jid;
using signal::Address;
using signal::Domain;

std::optional<Address> address_of(const Jid& device) {
  const Jid normalized = device.normalized();
  const auto domain = signal::domain_of_server(normalized.server_text());
  if (!domain || normalized.user().empty()) return std::nullopt;
  return Address{std::string{normalized.user()}, *domain, normalized.device()};
}

bool is_pn(Domain domain) { return domain == Domain::kPn || domain == Domain::kHosted; }

Address under_lid(const Address& pn_address, std::string_view lid_user) {
  const Domain domain = pn_address.domain == Domain::kHosted ? Domain::kHostedLid : Domain::kLid;
  return {std::string{lid_user}, domain, pn_address.device};
}

Jid lid_jid(std::string_view lid_user, std::uint16_t device) {
  return Jid{lid_user, binary::Server::kLid, device};
}

Jid pn_jid(std::string_view pn_user, std::uint16_t device) {
  return Jid{pn_user, binary::Server::kUser, device};
}

bool is_own_account(const Self& self, const Jid& jid) {
  if (jid.user().empty()) return false;
  if (jid.is_pn()) return jid.user() == self.pn.user();
  return jid.is_lid() && jid.user() == self.lid.user();
}

bool is_own_device(const Self& self, const Jid& jid) {
  return is_own_account(self, jid) && jid.device() == self.pn.device();
}

}  // namespace whatsapp
