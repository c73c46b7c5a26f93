#include "queue/destination.h"

#include <algorithm>
#include <string>

namespace worker {
namespace {

using whatsapp::binary::Jid;
using whatsapp::binary::Server;

constexpr std::size_t kShortestPhone = 8;
constexpr std::size_t kLongestPhone = 15;  // E.164
constexpr std::string_view kGroupPrefix = "120363";
constexpr std::size_t kShortestGroup = 17;
constexpr std::size_t kLongestGroup = 20;
constexpr std::size_t kLongestUser = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// "<creator's phone>-<unix time>". Both parts together have more digits than any phone number, so a phone
/// number written with a dash is not taken for a group.
bool is_old_group_id(std::string_view text) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos && all_digits(text.substr(0, dash)) &&
         all_digits(text.substr(dash + 1)) && text.size() - 1 > kLongestPhone && text.size() <= kLongestUser;
}

bool is_group_user(std::string_view user) {
  return user.size() <= kLongestUser && (all_digits(user) || is_old_group_id(user));
}

Destination parse_number(std::string_view to) {
  if (is_old_group_id(to)) return ReadyDestination{Jid(to, Server::kGroup)};
  std::string digits(to.starts_with('+') ? to.substr(1) : to);
  std::erase_if(digits, [](char c) { return c == ' ' || c == '-' || c == '(' || c == ')'; });
  if (!all_digits(digits)) return InvalidDestination{};
  if (digits.size() >= kShortestPhone && digits.size() <= kLongestPhone)
    return ReadyDestination{Jid(digits, Server::kUser)};
  if (digits.starts_with(kGroupPrefix) && digits.size() >= kShortestGroup && digits.size() <= kLongestGroup)
    return ReadyDestination{Jid(digits, Server::kGroup)};
  return InvalidDestination{};
}

Destination parse_jid(std::string_view to) {
  const auto parsed = Jid::parse(to);
  if (!parsed || parsed->is_service()) return InvalidDestination{};
  const Jid jid = parsed->normalized().bare();
  const bool numeric = all_digits(jid.user()) && jid.user().size() <= kLongestGroup;
  switch (jid.server()) {
    case Server::kUser:
      if (numeric) return ReadyDestination{jid};
      break;
    case Server::kLid:
      if (numeric) return LidDestination{jid};
      break;
    case Server::kGroup:
      if (is_group_user(jid.user())) return ReadyDestination{jid};
      break;
    case Server::kNewsletter:
      if (numeric) return ReadyDestination{jid};
      break;
    case Server::kBroadcast:
      if (jid.is_status()) return ReadyDestination{jid};
      break;
    default:
      break;
  }
  return InvalidDestination{};
}

}  // namespace

Destination parse_destination(std::string_view to) {
  to = trimmed(to);
  return to.find('@') == std::string_view::npos ? parse_number(to) : parse_jid(to);
}

}  // namespace worker
