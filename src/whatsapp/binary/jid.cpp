#include "whatsapp/binary/jid.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace whatsapp::binary {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::array<std::pair<Server, std::string_view>, 12> kServers{{
    {Server::kUser, "s.whatsapp.net"},
    {Server::kLid, "lid"},
    {Server::kLegacyUser, "c.us"},
    {Server::kGroup, "g.us"},
    {Server::kBroadcast, "broadcast"},
    {Server::kNewsletter, "newsletter"},
    {Server::kBot, "bot"},
    {Server::kHosted, "hosted"},
    {Server::kHostedLid, "hosted.lid"},
    {Server::kMessenger, "msgr"},
    {Server::kInterop, "interop"},
    {Server::kCall, "call"},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// All of `text` as a decimal number that fits; no sign, no space.
template <class Number>
bool parse_decimal(std::string_view text, Number& out) {
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// "3-abc" → 3 and "abc": how addresses of third-party networks name the network.
bool split_integrator(std::string_view user, std::uint16_t& integrator, std::string_view& rest) {
  const std::size_t dash = user.find('-');
  if (dash == std::string_view::npos || dash + 1 == user.size()) return false;
  if (!parse_decimal(user.substr(0, dash), integrator)) return false;
  rest = user.substr(dash + 1);
  return true;
}

/// "5511.2" → "5511": an agent number that old clients wrote into phone-number addresses.
std::string_view without_agent(std::string_view user) {
  const std::size_t dot = user.rfind('.');
  std::uint8_t agent = 0;
  const bool is_agent =
      dot != std::string_view::npos && dot > 0 && parse_decimal(user.substr(dot + 1), agent);
  return is_agent ? user.substr(0, dot) : user;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Numbers of the bots that have phone-number addresses: 1313555dddd and 131655500dd.
bool is_bot_number(std::string_view user) {
  return user.size() == 11 && (user.starts_with("1313555") || user.starts_with("131655500")) &&
         std::ranges::all_of(user, is_digit);
}

auto malformed(std::string_view why) {
  return base::fail(ErrorCode::kMalformed, "not a JID: " + std::string{why});
}

struct UserPart {
  std::string_view user;
  std::uint16_t device = 0;
};

/// "user[:device]".
Result<UserPart> split_device(std::string_view text, Server server) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return UserPart{text};
  UserPart part{text.substr(0, colon)};
  if (!parse_decimal(text.substr(colon + 1), part.device)) return malformed("bad device number");
  if (!has_devices(server)) return malformed("a device on a server without devices");
  if (part.user.empty()) return malformed("a device without a user");
  return part;
}

}  // namespace

Server server_from_text(std::string_view text) {
  const auto found = std::ranges::find(kServers, text, &std::pair<Server, std::string_view>::second);
  return found == kServers.end() ? Server::kOther : found->first;
}

std::string_view to_text(Server server) {
  const auto found = std::ranges::find(kServers, server, &std::pair<Server, std::string_view>::first);
  return found == kServers.end() ? std::string_view{} : found->second;
}

bool has_devices(Server server) {
  switch (server) {
    case Server::kUser:
    case Server::kLid:
    case Server::kLegacyUser:
    case Server::kHosted:
    case Server::kHostedLid:
    case Server::kMessenger:
    case Server::kInterop:
      return true;
    default:
      return false;
  }
}

Jid::Jid(std::string_view user, Server server, std::uint16_t device)
    : text_(user), user_size_(static_cast<std::uint32_t>(user.size())), device_(device), server_(server) {}

Jid Jid::on_server(std::string_view user, std::string_view server_text) {
  const Server server = server_from_text(server_text);
  if (server == Server::kInterop) {
    std::uint16_t integrator = 0;
    std::string_view rest;
    if (split_integrator(user, integrator, rest)) return interop(rest, integrator, 0);
  }
  Jid jid{user, server};
  if (server == Server::kOther) jid.text_ += server_text;
  return jid;
}

Jid Jid::interop(std::string_view user, std::uint16_t integrator, std::uint16_t device) {
  Jid jid{user, Server::kInterop, device};
  jid.integrator_ = integrator;
  return jid;
}

Result<Jid> Jid::parse(std::string_view text) {
  if (has_control_character(text)) return malformed("control character");
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    const Server server = server_from_text(text);
    if (server == Server::kOther) return malformed("no @");
    return service(server);
  }
  const std::string_view server_text = text.substr(at + 1);
  if (server_text.empty()) return malformed("no server");
  if (server_text.find('@') != std::string_view::npos) return malformed("more than one @");
  const Server server = server_from_text(server_text);
  if (at == 0) {
    if (server == Server::kOther) return malformed("no user");
    return service(server);
  }

  WA_TRY(UserPart part, split_device(text.substr(0, at), server));
  if (server == Server::kUser) part.user = without_agent(part.user);
  Jid jid = on_server(part.user, server_text);
  jid.device_ = part.device;
  return jid;
}

Result<Jid> Jid::from_phone(std::string_view phone) {
  std::string digits;
  std::ranges::copy_if(phone, std::back_inserter(digits), is_digit);
  if (digits.empty()) return base::fail(ErrorCode::kInvalidArgument, "a phone number needs digits");
  return Jid{digits, Server::kUser};
}

Result<Jid> Jid::from_recipient(std::string_view text) {
  if (text.find('@') != std::string_view::npos) {
    WA_TRY(const Jid jid, parse(trimmed(text)));
    return jid.normalized();
  }
  const std::string_view id = trimmed(text);
  // "<creator's number>-<time>", not a number that was written with dashes.
  const std::size_t dash = id.find('-');
  const bool legacy_group = dash != std::string_view::npos && dash > 0 && dash + 1 < id.size() &&
                            id.find('-', dash + 1) == std::string_view::npos &&
                            std::ranges::all_of(id, [](char c) { return is_digit(c) || c == '-'; });
  if (legacy_group) return Jid{id, Server::kGroup};
  return from_phone(id);
}

std::string_view Jid::server_text() const {
  if (server_ != Server::kOther) return to_text(server_);
  return text_.size() > user_size_ ? std::string_view{text_}.substr(user_size_) : std::string_view{};
}

std::string Jid::to_string() const {
  if (user_size_ == 0) {
    if (server_ != Server::kOther || text_.empty()) return std::string{server_text()};
    return "@" + text_;
  }
  std::string out;
  std::uint16_t looks_like = 0;
  std::string_view rest;
  // A user that itself begins with a number and a dash needs the 0, or it would be read as a network.
  if (integrator_ != 0 || (server_ == Server::kInterop && split_integrator(user(), looks_like, rest)))
    out = std::to_string(integrator_) + "-";
  out += user();
  if (device_ != 0) out += ":" + std::to_string(device_);
  out += '@';
  out += server_text();
  return out;
}

Jid Jid::normalized() const {
  std::string server = lower_case(server_text());
  if (server == to_text(Server::kLegacyUser)) server = to_text(Server::kUser);
  const std::string_view name = trimmed(user());
  Jid out = server_ == Server::kInterop ? interop(name, integrator_, 0) : on_server(name, server);
  out.device_ = device_;
  return out;
}

Jid Jid::account() const {
  Jid out = bare();
  if (server_ == Server::kHosted || server_ == Server::kLegacyUser) out.server_ = Server::kUser;
  if (server_ == Server::kHostedLid) out.server_ = Server::kLid;
  return out;
}

Jid Jid::with_device(std::uint16_t device, Hosting hosting) const {
  Jid out = *this;
  out.device_ = device;
  if (hosting == Hosting::kHosted && device == kHostedDevice) {
    if (is_pn()) out.server_ = Server::kHosted;
    if (is_lid()) out.server_ = Server::kHostedLid;
  }
  return out;
}

bool Jid::is_pn() const {
  return server_ == Server::kUser || server_ == Server::kHosted || server_ == Server::kLegacyUser;
}

bool Jid::is_lid() const { return server_ == Server::kLid || server_ == Server::kHostedLid; }

bool Jid::is_hosted_device() const {
  return server_ == Server::kHosted || server_ == Server::kHostedLid || device_ == kHostedDevice;
}

bool Jid::is_bot() const {
  return server_ == Server::kBot || (is_pn() && device_ == 0 && is_bot_number(user()));
}

bool Jid::same_account(const Jid& other) const { return account() == other.account(); }

Result<std::uint64_t> Jid::numeric_user() const {
  std::uint64_t number = 0;
  if (!parse_decimal(user(), number)) return malformed("the user is not a number");
  return number;
}

}  // namespace whatsapp::binary
