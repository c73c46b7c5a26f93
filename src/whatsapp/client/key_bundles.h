// Asking the server for the pre-key bundles of devices we have no session with. Spec 04 §10.4, 05 §2.5.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/signal/keys.h"

namespace whatsapp {

/// Devices in one request.
inline constexpr std::size_t kBundlesPerQuery = 50;

/// The reason is named after an identity change or when a retry asks for a new session.
enum class BundleReason { kNewSession, kRenewal };

struct DeviceBundle {
  binary::Jid device;
  std::optional<signal::PreKeyBundle> bundle;  // absent: the server has none, or it is out of form
};

binary::Node key_bundle_query(const std::vector<binary::Jid>& devices, BundleReason reason);

/// What the answer says about each `<user>`; users that cannot be read are left out.
std::vector<DeviceBundle> read_key_bundles(const binary::Node& answer);

/// The keys in a retry receipt: `<keys>` and its sibling `<registration>`. kMalformed.
base::Result<signal::PreKeyBundle> read_retry_keys(const binary::Node& keys, base::ByteView registration);

}  // namespace whatsapp
