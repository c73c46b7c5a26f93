// usync: one iq that asks the server about many users at once: which devices they have, which LID belongs
// to a number, whether a number is on WhatsApp. Answers come in any order, may leave users out, and may name
// a user differently from how we asked (a number in its canonical form). Spec 08 §3, §5.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// Users in one request before a send.
inline constexpr std::size_t kUsersPerQuery = 50;

/// Devices (and LIDs) of accounts, asked in the form in which they are addressed.
binary::Node device_query(const std::vector<binary::Jid>& accounts, std::string_view sid);
/// Is this number on WhatsApp, under which JID and which LID? Digits only.
binary::Node number_query(std::string_view digits, std::string_view sid);

struct UsyncUser {
  std::optional<binary::Jid> jid;     // absent: the server could make nothing of what we asked
  std::optional<binary::Jid> pn_jid;  // given when `jid` is a LID
  std::optional<binary::Jid> lid;
  enum class Registered { kUnknown, kYes, kNo } registered = Registered::kUnknown;
  std::vector<std::string> contacts;  // what we asked for, echoed; digits only
  /// Filtered by the account's key index list. Absent: not asked, or the server could not say. Never empty.
  std::optional<std::vector<store::DeviceListRow::Device>> devices;
};

/// kMalformed if it is no usync answer. Users that cannot be read are left out.
base::Result<std::vector<UsyncUser>> read_usync(const binary::Node& answer);

/// The `<device>` children of a list or a notification; what cannot be read is left out.
std::vector<store::DeviceListRow::Device> read_devices(const binary::Node& list);

}  // namespace whatsapp
