#include "edge_server/identifiers.h"

#include <algorithm>

#include "base/encoding.h"

namespace edge_server {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_old_group_id(std::string_view text) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < text.size() &&
         std::ranges::all_of(text.substr(0, dash), is_digit) &&
         std::ranges::all_of(text.substr(dash + 1), is_digit) && text.size() > 15;
}

}  // namespace

std::string uuid_v7(const base::Clock& clock, base::Random& random) {
  auto bytes = random.bytes<16>();
  const auto millis = base::big_endian<6>(static_cast<std::uint64_t>(clock.unix_millis()));
  std::ranges::copy(millis, bytes.begin());
  bytes[6] = static_cast<std::uint8_t>(0x70 | (bytes[6] & 0x0F));
  bytes[8] = static_cast<std::uint8_t>(0x80 | (bytes[8] & 0x3F));
  auto text = base::to_hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

std::string unguessable_id(base::Random& random) { return base::to_hex(random.bytes<16>()); }

bool is_instance_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || !(is_letter(id[0]) || is_digit(id[0]))) return false;
  return std::ranges::all_of(
      id, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

std::string chat_of_destination(std::string_view to) {
  constexpr std::string_view kOldServer = "@c.us";
  if (to.ends_with(kOldServer))
    return std::string{to.substr(0, to.size() - kOldServer.size())} + "@s.whatsapp.net";
  if (to.find('@') != std::string_view::npos) return std::string{to};
  if (is_old_group_id(to)) return std::string{to} + "@g.us";
  std::string digits;
  for (const char c : to) {
    if (is_digit(c))
      digits += c;
    else if (std::string_view{"+ -()"}.find(c) == std::string_view::npos)
      return std::string{to};
  }
  if (digits.size() >= 17 && digits.size() <= 20 && digits.starts_with("120363")) return digits + "@g.us";
  if (digits.size() >= 8 && digits.size() <= 15) return digits + "@s.whatsapp.net";
  return std::string{to};
}

}  // namespace edge_server
