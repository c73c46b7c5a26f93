// The file names of a Baileys auth folder: one file per record, named category-id.json, with '/' written as
// "__" and ':' as '-'. The way back is ambiguous and therefore decided per category. Spec 09 §1, §2.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "whatsapp/signal/address.h"

namespace importers {

enum class Category {
  kCreds,
  kPreKey,
  kSession,
  kSenderKey,
  kSenderKeyMemory,
  kAppStateKey,
  kAppStateVersion,
  kLidMapping,
  kDeviceList,
  kTrustedContactToken,  // also under its name of some development snapshots
  kIdentityKey,
};

inline constexpr std::size_t kCategoryCount = 11;

/// "pre-key"; "creds" for creds.json.
std::string_view to_string(Category category);

/// `id` as Baileys' key store has it: "120363…@g.us::5511…::7", "AAAAAP/7", "5511…_1.0"; empty for creds.
struct RecordId {
  Category category = Category::kCreds;
  std::string id;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

/// Nothing for a file that Baileys did not write.
std::optional<RecordId> record_of_file(std::string_view file_name);
std::string file_of_record(const RecordId& record);

/// "USER[_DOMAIN].DEVICE", as sessions and identities are named.
std::optional<whatsapp::signal::Address> parse_address(std::string_view text);
std::string address_text(const whatsapp::signal::Address& address);

/// "GROUP::USER[_DOMAIN]::DEVICE".
struct SenderKeyName {
  std::string group;
  whatsapp::signal::Address sender;
};
std::optional<SenderKeyName> parse_sender_key_name(std::string_view id);
std::string sender_key_name(const SenderKeyName& name);

}  // namespace importers
