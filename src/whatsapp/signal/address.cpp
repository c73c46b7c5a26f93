#include "whatsapp/signal/address.h"

#include <charconv>
#include <functional>
#include <tuple>

namespace whatsapp::signal {
namespace {

using base::ErrorCode;

struct ServerName {
  std::string_view text;
  Domain domain;
};
// The first name of a domain is the one to write.
constexpr ServerName kServers[] = {
    {"s.whatsapp.net", Domain::kPn},
    {"c.us", Domain::kPn},
    {"lid", Domain::kLid},
    {"hosted", Domain::kHosted},
    {"hosted.lid", Domain::kHostedLid},
};

std::optional<Domain> domain_of_suffix(std::string_view digits) {
  for (Domain domain : {Domain::kLid, Domain::kHosted, Domain::kHostedLid})
    if (digits == std::to_string(static_cast<unsigned>(domain))) return domain;
  return std::nullopt;
}

}  // namespace

std::optional<Domain> domain_of_server(std::string_view server) {
  for (const ServerName& known : kServers)
    if (known.text == server) return known.domain;
  return std::nullopt;
}

std::string_view server_of(Domain domain) {
  for (const ServerName& known : kServers)
    if (known.domain == domain) return known.text;
  return {};
}

std::string Address::to_text() const {
  std::string out = user;
  if (domain != Domain::kPn) out += '_' + std::to_string(static_cast<unsigned>(domain));
  return out + ':' + std::to_string(device);
}

base::Result<Address> Address::parse(std::string_view text) {
  const auto malformed = [] { return base::fail(ErrorCode::kMalformed, "not a Signal address"); };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();

  Address out;
  const std::string_view device = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(device.data(), device.data() + device.size(), out.device);
  if (error != std::errc{} || end != device.data() + device.size()) return malformed();
  if (std::to_string(out.device) != device) return malformed();  // "007"

  std::string_view user = text.substr(0, colon);
  if (const std::size_t mark = user.find('_'); mark != std::string_view::npos) {
    const auto domain = domain_of_suffix(user.substr(mark + 1));
    if (!domain) return malformed();
    out.domain = *domain;
    user = user.substr(0, mark);
  }
  if (user.empty() || user.find(':') != std::string_view::npos) return malformed();
  out.user = user;
  return out;
}

std::strong_ordering operator<=>(const Address& a, const Address& b) {
  return std::tie(a.domain, a.user, a.device) <=> std::tie(b.domain, b.user, b.device);
}

std::size_t AddressHash::operator()(const Address& address) const {
  const std::size_t rest = (static_cast<std::size_t>(address.domain) << 16) | address.device;
  return std::hash<std::string>{}(address.user) ^ (rest * 0x9e3779b97f4a7c15ULL);
}

}  // namespace whatsapp::signal
