// Where a Signal session lives: one device of one user, in one of the four number spaces. A session under
// the phone number and one under the LID of the same device are different sessions until the caller
// migrates one into the other.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whatsapp::signal {

/// The values are the domain numbers of the protocol; they appear in the text form.
enum class Domain : std::uint8_t { kPn = 0, kLid = 1, kHosted = 128, kHostedLid = 129 };

/// "s.whatsapp.net" and "c.us", "lid", "hosted", "hosted.lid"; nothing else has sessions.
std::optional<Domain> domain_of_server(std::string_view server);
std::string_view server_of(Domain domain);

struct Address {
  std::string user;  // as in the JID's user part, normally digits
  Domain domain = Domain::kPn;
  std::uint16_t device = 0;  // 0 is the phone

  /// "user:device" for phone numbers, "user_1:device" for the other domains. A key for stores and locks.
  [[nodiscard]] std::string to_text() const;
  /// The inverse of to_text(). kMalformed for anything it does not write.
  static base::Result<Address> parse(std::string_view text);

  friend bool operator==(const Address&, const Address&) = default;
  /// By (domain, user, device): the order in which several addresses are locked.
  friend std::strong_ordering operator<=>(const Address& a, const Address& b);
};

struct AddressHash {
  std::size_t operator()(const Address& address) const;
};

}  // namespace whatsapp::signal
