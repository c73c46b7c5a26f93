#include "whatsapp/client/key_bundles.h"

#include <cstdint>
#include <string>
#include <utility>

namespace whatsapp {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;

Result<std::uint32_t> number(const Node& parent, std::string_view tag, std::size_t width) {
  WA_TRY(const ByteView bytes, parent.require_child_bytes(tag));
  if (bytes.size() != width)
    return fail(ErrorCode::kMalformed, "a number of the bundle has the wrong length");
  return static_cast<std::uint32_t>(base::read_big_endian(bytes));
}

template <std::size_t N>
Result<base::FixedBytes<N>> fixed(const Node& parent, std::string_view tag) {
  WA_TRY(const ByteView bytes, parent.require_child_bytes(tag));
  if (bytes.size() != N) return fail(ErrorCode::kMalformed, "a key of the bundle has the wrong length");
  return base::to_fixed<N>(bytes);
}

/// The keys of a bundle without the registration id, which has different places.
Result<signal::PreKeyBundle> read_keys(const Node& keys) {
  signal::PreKeyBundle bundle;
  WA_TRY(bundle.identity, fixed<32>(keys, "identity"));
  WA_TRY(const Node* signed_key, keys.require_child("skey"));
  WA_TRY(bundle.signed_pre_key_id, number(*signed_key, "id", 3));
  WA_TRY(bundle.signed_pre_key, fixed<32>(*signed_key, "value"));
  WA_TRY(bundle.signed_pre_key_signature, fixed<64>(*signed_key, "signature"));
  if (const Node* one_time = keys.child("key")) {
    signal::PreKeyBundle::OneTime key;
    WA_TRY(key.id, number(*one_time, "id", 3));
    WA_TRY(key.key, fixed<32>(*one_time, "value"));
    bundle.pre_key = key;
  }
  return bundle;
}

Result<signal::PreKeyBundle> read_bundle(const Node& user) {
  const Node* wrapped = user.child("keys");
  const Node& keys = wrapped != nullptr ? *wrapped : user;
  WA_TRY(auto bundle, read_keys(keys));
  const Node& place = keys.child("registration") != nullptr ? keys : user;
  WA_TRY(bundle.registration_id, number(place, "registration", 4));
  return bundle;
}

}  // namespace

Node key_bundle_query(const std::vector<binary::Jid>& devices, BundleReason reason) {
  Node key("key");
  for (const binary::Jid& device : devices) {
    Node user = Node("user").with("jid", device);
    if (reason == BundleReason::kRenewal) user.set("reason", "identity");
    key.add_child(std::move(user));
  }
  return Node("iq")
      .with("type", "get")
      .with("xmlns", "encrypt")
      .with("to", binary::Jid::service())
      .add(std::move(key));
}

std::vector<DeviceBundle> read_key_bundles(const Node& answer) {
  std::vector<DeviceBundle> out;
  const Node* list = answer.child("list");
  if (list == nullptr) return out;
  for (const Node* user : list->children("user")) {
    const auto device = user->jid("jid");
    if (!device) continue;
    DeviceBundle& entry = out.emplace_back(DeviceBundle{device->normalized(), std::nullopt});
    if (user->child("error") != nullptr) continue;
    if (auto bundle = read_bundle(*user)) entry.bundle = *std::move(bundle);
  }
  return out;
}

Result<signal::PreKeyBundle> read_retry_keys(const Node& keys, ByteView registration) {
  if (registration.size() != 4) return fail(ErrorCode::kMalformed, "a registration id has 4 bytes");
  WA_TRY(auto bundle, read_keys(keys));
  bundle.registration_id = static_cast<std::uint32_t>(base::read_big_endian(registration));
  return bundle;
}

}  // namespace whatsapp
