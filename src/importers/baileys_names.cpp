#include "importers/baileys_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace importers {
namespace {

using whatsapp::signal::Address;
using whatsapp::signal::Domain;

constexpr std::string_view kSuffix = ".json";
constexpr std::size_t kMaxId = 200;

// Longest first: "sender-key-memory-" also begins with "sender-key-".
constexpr std::pair<std::string_view, Category> kPrefixes[] = {
    {"app-state-sync-version", Category::kAppStateVersion},
    {"app-state-sync-key", Category::kAppStateKey},
    {"sender-key-memory", Category::kSenderKeyMemory},
    {"contacts-tc-token", Category::kTrustedContactToken},
    {"identity-key", Category::kIdentityKey},
    {"lid-mapping", Category::kLidMapping},
    {"device-list", Category::kDeviceList},
    {"sender-key", Category::kSenderKey},
    {"pre-key", Category::kPreKey},
    {"session", Category::kSession},
    {"tctoken", Category::kTrustedContactToken},
};

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at).starts_with(what)) {
      out += with;
      at += what.size();
    } else {
      out += text[at++];
    }
  }
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint32_t> number(std::string_view digits, std::uint32_t most) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!is_digits(digits) || error != std::errc{} || end != digits.data() + digits.size() || value > most)
    return std::nullopt;
  return value;
}

std::optional<Domain> domain_of(std::uint32_t number) {
  for (const Domain domain : {Domain::kPn, Domain::kLid, Domain::kHosted, Domain::kHostedLid})
    if (static_cast<std::uint32_t>(domain) == number) return domain;
  return std::nullopt;
}

/// "USER" or "USER_DOMAIN".
std::optional<Address> parse_user(std::string_view text, std::string_view device) {
  const auto mark = text.find('_');
  const std::string_view user = text.substr(0, mark);
  if (user.empty() || user.find('.') != std::string_view::npos) return std::nullopt;
  Address address;
  address.user = user;
  if (mark != std::string_view::npos) {
    const auto given = number(text.substr(mark + 1), 255);
    const auto domain = given ? domain_of(*given) : std::nullopt;
    if (!domain) return std::nullopt;
    address.domain = *domain;
  }
  const auto device_number = number(device, 0xFFFF);
  if (!device_number) return std::nullopt;
  address.device = static_cast<std::uint16_t>(*device_number);
  return address;
}

std::string user_text(const Address& address) {
  std::string text = address.user;
  if (address.domain != Domain::kPn) text += "_" + std::to_string(static_cast<int>(address.domain));
  return text;
}

/// Groups of the old form contain single '-': the last two "--" are the separators.
std::string sender_key_id_of(std::string_view middle) {
  const auto last = middle.rfind("--");
  if (last == std::string_view::npos || last == 0) return {};
  const auto before = middle.rfind("--", last - 1);
  if (before == std::string_view::npos) return {};
  std::string id{middle.substr(0, before)};
  id += "::";
  id += middle.substr(before + 2, last - before - 2);
  id += "::";
  id += middle.substr(last + 2);
  return id;
}

std::string id_of(Category category, std::string_view middle) {
  if (category == Category::kAppStateKey) return replaced(middle, "__", "/");
  if (category == Category::kSenderKey) return sender_key_id_of(middle);
  return std::string{middle};
}

bool is_sound(Category category, const std::string& id) {
  if (id.empty() || id.size() > kMaxId) return false;
  switch (category) {
    case Category::kPreKey: {
      const auto key_id = number(id, 0xFFFFFF);
      return key_id && *key_id > 0;
    }
    case Category::kSession:
    case Category::kIdentityKey:
      return parse_address(id).has_value();
    case Category::kSenderKey:
      return parse_sender_key_name(id).has_value();
    case Category::kLidMapping:
      return is_digits(id.ends_with("_reverse") ? std::string_view{id}.substr(0, id.size() - 8) : id);
    default:
      return true;
  }
}

}  // namespace

std::string_view to_string(Category category) {
  if (category == Category::kCreds) return "creds";
  if (category == Category::kTrustedContactToken) return "tctoken";
  for (const auto& [prefix, named] : kPrefixes)
    if (named == category) return prefix;
  return "";
}

std::optional<RecordId> record_of_file(std::string_view file_name) {
  if (file_name == "creds.json") return RecordId{Category::kCreds, {}};
  if (!file_name.ends_with(kSuffix)) return std::nullopt;
  const std::string_view stem = file_name.substr(0, file_name.size() - kSuffix.size());
  for (const auto& [prefix, category] : kPrefixes) {
    if (!stem.starts_with(prefix) || stem.size() <= prefix.size() || stem[prefix.size()] != '-') continue;
    RecordId record{category, id_of(category, stem.substr(prefix.size() + 1))};
    if (!is_sound(category, record.id)) return std::nullopt;
    return record;
  }
  return std::nullopt;
}

std::string file_of_record(const RecordId& record) {
  std::string name{to_string(record.category)};
  if (record.category != Category::kCreds) name += "-" + record.id;
  return replaced(replaced(name + std::string{kSuffix}, "/", "__"), ":", "-");
}

std::optional<Address> parse_address(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return parse_user(text.substr(0, dot), text.substr(dot + 1));
}

std::string address_text(const Address& address) {
  return user_text(address) + "." + std::to_string(address.device);
}

std::optional<SenderKeyName> parse_sender_key_name(std::string_view id) {
  const auto last = id.rfind("::");
  if (last == std::string_view::npos || last == 0) return std::nullopt;
  const auto before = id.rfind("::", last - 1);
  if (before == std::string_view::npos || before == 0) return std::nullopt;
  auto sender = parse_user(id.substr(before + 2, last - before - 2), id.substr(last + 2));
  if (!sender) return std::nullopt;
  return SenderKeyName{std::string{id.substr(0, before)}, *std::move(sender)};
}

std::string sender_key_name(const SenderKeyName& name) {
  return name.group + "::" + user_text(name.sender) + "::" + std::to_string(name.sender.device);
}

}  // namespace importers
