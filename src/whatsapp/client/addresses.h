// Between JIDs, which the wire speaks, and Signal addresses, under which sessions are kept.
#pragma once

#include <optional>
#include <string_view>

#include "whatsapp/binary/jid.h"
#include "whatsapp/client/self.h"
#include "whatsapp/signal/address.h"

namespace whatsapp {

/// Nothing for servers that have no sessions (groups, channels, bots).
std::optional<signal::Address> address_of(const binary::Jid& device);

/// The same device under the LID of its user. Hosted devices stay hosted.
signal::Address under_lid(const signal::Address& pn_address, std::string_view lid_user);

[[nodiscard]] bool is_pn(signal::Domain domain);

/// The JIDs of a user known by digits.
binary::Jid lid_jid(std::string_view lid_user, std::uint16_t device = 0);
binary::Jid pn_jid(std::string_view pn_user, std::uint16_t device = 0);

/// Is it our own account, under its number or its LID?
[[nodiscard]] bool is_own_account(const Self& self, const binary::Jid& jid);
/// Is it this very device, under its number or its LID?
[[nodiscard]] bool is_own_device(const Self& self, const binary::Jid& jid);

}  // namespace whatsapp
