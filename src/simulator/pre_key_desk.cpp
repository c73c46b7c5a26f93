#include "simulator/pre_key_desk.h"

#include <algorithm>
#include <utility>

#include "crypto/hash.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::signal::PreKeyBundle;

/// Fewer left than this: the device is told, once.
constexpr std::size_t kLowWater = 5;
/// One-time keys kept for one device; more are refused.
constexpr std::size_t kMaxKeys = 4000;

Result<base::ByteView> sized(const Node& parent, std::string_view tag, std::size_t size) {
  const auto bytes = parent.child_bytes(tag);
  if (!bytes || bytes->size() != size)
    return fail(ErrorCode::kRejected, "wrong size of " + std::string{tag}, 400);
  return *bytes;
}

struct SignedKey {
  std::uint32_t id = 0;
  crypto::PublicKey key{};
  crypto::Signature signature{};
};

Result<SignedKey> parse_signed_key(const Node& skey, const crypto::PublicKey& identity) {
  SignedKey out;
  WA_TRY(const base::ByteView id, sized(skey, "id", 3));
  WA_TRY(const base::ByteView value, sized(skey, "value", 32));
  WA_TRY(const base::ByteView signature, sized(skey, "signature", 64));
  out.id = static_cast<std::uint32_t>(base::read_big_endian(id));
  out.key = base::to_fixed<32>(value);
  out.signature = base::to_fixed<64>(signature);
  if (!whatsapp::signal::verify_signed_pre_key(identity, out.key, out.signature))
    return fail(ErrorCode::kRejected, "bad signature of the signed pre-key", 406);
  return out;
}

Node key_type() { return Node("type").bytes(base::Bytes{whatsapp::signal::kKeyType}); }

void add_bundle(Node& user, const PreKeyBundle& bundle, const Device& device) {
  user.add_child(Node("registration").bytes(base::ByteView{base::big_endian<4>(bundle.registration_id)}));
  user.add_child(key_type());
  user.add_child(Node("identity").bytes(base::ByteView{bundle.identity}));
  user.add_child(
      signed_key_node(bundle.signed_pre_key_id, bundle.signed_pre_key, bundle.signed_pre_key_signature));
  if (bundle.pre_key) user.add_child(one_time_key_node(bundle.pre_key->id, bundle.pre_key->key));
  if (!device.device_identity.empty())
    user.add_child(Node("device-identity").bytes(base::ByteView{device.device_identity}));
}

}  // namespace

Node signed_key_node(std::uint32_t id, const crypto::PublicKey& key, const crypto::Signature& signature) {
  return Node("skey")
      .add(Node("id").bytes(base::ByteView{base::big_endian<3>(id)}))
      .add(Node("value").bytes(base::ByteView{key}))
      .add(Node("signature").bytes(base::ByteView{signature}));
}

Node one_time_key_node(std::uint32_t id, const crypto::PublicKey& key) {
  return Node("key")
      .add(Node("id").bytes(base::ByteView{base::big_endian<3>(id)}))
      .add(Node("value").bytes(base::ByteView{key}));
}

Result<Node::Children> PreKeyDesk::answer(Device& device, const Node& iq) {
  if (iq.attr_is("type", "set")) {
    if (const Node* rotated = iq.child("rotate")) {
      if (const Node* skey = rotated->child("skey")) return rotate(device, *skey);
      return fail(ErrorCode::kRejected, "rotate without skey", 400);
    }
    return upload(device, iq);
  }
  if (iq.child("count") != nullptr) return Node::Children{Node("count").with("value", device.keys.left())};
  if (iq.child("digest") != nullptr) return digest(device);
  if (const Node* request = iq.child("key")) return bundles(*request);
  if (const Node* request = iq.child("key_fetch")) return bundles_by_device(*request);
  if (const Node* request = iq.child("identity")) return identities(*request);
  return fail(ErrorCode::kRejected, "bad-request", 400);
}

Result<Node::Children> PreKeyDesk::upload(Device& device, const Node& iq) {
  WA_TRY(const base::ByteView registration, sized(iq, "registration", 4));
  WA_TRY(const base::ByteView identity_bytes, sized(iq, "identity", 32));
  const auto identity = base::to_fixed<32>(identity_bytes);
  if (device.noise && identity != device.keys.identity)
    return fail(ErrorCode::kRejected, "identity differs from the linked one", 406);
  const Node* skey = iq.child("skey");
  const Node* list = iq.child("list");
  if (skey == nullptr || list == nullptr) return fail(ErrorCode::kRejected, "upload is incomplete", 400);
  WA_TRY(const SignedKey signed_key, parse_signed_key(*skey, identity));

  std::vector<PublishedKeys::OneTime> fresh;
  for (const Node* key : list->children("key")) {
    WA_TRY(const base::ByteView id, sized(*key, "id", 3));
    WA_TRY(const base::ByteView value, sized(*key, "value", 32));
    fresh.push_back({static_cast<std::uint32_t>(base::read_big_endian(id)), base::to_fixed<32>(value)});
  }
  PublishedKeys& keys = device.keys;
  keys.one_time.erase(keys.one_time.begin(),
                      keys.one_time.begin() + static_cast<std::ptrdiff_t>(keys.handed_out));
  keys.handed_out = 0;
  if (keys.one_time.size() + fresh.size() > kMaxKeys) return fail(ErrorCode::kRejected, "too many keys", 406);
  for (const auto& key : fresh) {
    // The same id again replaces: an upload whose answer was lost is repeated as it was.
    const auto same = std::ranges::find(keys.one_time, key.id, &PublishedKeys::OneTime::id);
    if (same != keys.one_time.end()) {
      *same = key;
    } else {
      keys.one_time.push_back(key);
    }
  }
  keys.registration_id = static_cast<std::uint32_t>(base::read_big_endian(registration));
  keys.identity = identity;
  keys.signed_id = signed_key.id;
  keys.signed_key = signed_key.key;
  keys.signature = signed_key.signature;
  const bool first = !std::exchange(keys.uploaded, true);
  keys.told_low = false;
  if (first) {
    // Behind the answer to the upload.
    state_.timers.soon([this, jid = device.account.pn(device.id)] {
      if (Device* ready = state_.directory.device(jid)) state_.companion_ready(*ready);
    });
  }
  state_.changed();
  return Node::Children{};
}

Result<Node::Children> PreKeyDesk::rotate(Device& device, const Node& skey) {
  WA_TRY(const SignedKey key, parse_signed_key(skey, device.keys.identity));
  device.keys.signed_id = key.id;
  device.keys.signed_key = key.key;
  device.keys.signature = key.signature;
  return Node::Children{};
}

Result<Node::Children> PreKeyDesk::digest(const Device& device) const {
  const PublishedKeys& keys = device.keys;
  if (!keys.uploaded) return fail(ErrorCode::kRejected, "item-not-found", 404);
  base::Bytes hashed = base::concat(keys.identity, keys.signed_key, keys.signature);
  Node list("list");
  for (std::size_t i = keys.handed_out; i < keys.one_time.size(); ++i) {
    base::append(hashed, keys.one_time[i].key);
    list.add_child(Node("id").bytes(base::ByteView{base::big_endian<3>(keys.one_time[i].id)}));
  }
  return Node::Children{
      Node("digest")
          .add(Node("registration").bytes(base::ByteView{base::big_endian<4>(keys.registration_id)}))
          .add(key_type())
          .add(Node("identity").bytes(base::ByteView{keys.identity}))
          .add(signed_key_node(keys.signed_id, keys.signed_key, keys.signature))
          .add(std::move(list))
          .add(Node("hash").bytes(base::ByteView{crypto::sha1(hashed)}))};
}

std::optional<PreKeyBundle> PreKeyDesk::take_bundle(Device& device) {
  PublishedKeys& keys = device.keys;
  if (!keys.uploaded) return std::nullopt;
  PreKeyBundle bundle{keys.registration_id, keys.identity,  keys.signed_id,
                      keys.signed_key,      keys.signature, {}};
  ++state_.counters.bundles;
  if (keys.left() > 0) {
    const PublishedKeys::OneTime& next = keys.one_time[keys.handed_out++];
    bundle.pre_key = PreKeyBundle::OneTime{next.id, next.key};
  } else {
    ++state_.counters.bundles_without_key;
  }
  tell_if_low(device);
  return bundle;
}

void PreKeyDesk::tell_if_low(Device& device) {
  PublishedKeys& keys = device.keys;
  if (keys.left() >= kLowWater || keys.told_low) return;
  keys.told_low = true;
  delivery_.deliver(device, Node("notification")
                                .with("id", state_.next_id())
                                .with("type", "encrypt")
                                .with("from", Jid::service())
                                .with("t", state_.now())
                                .add(Node("count").with("value", keys.left())));
}

/// Users that do not exist or have no keys are left out: an <error> child makes some clients throw away
/// the whole answer.
Node::Children PreKeyDesk::bundles(const Node& request) {
  Node list("list");
  for (const Node* user : request.children("user")) {
    const auto jid = user->jid("jid");
    Device* device = jid ? state_.directory.device(*jid) : nullptr;
    const auto bundle = device == nullptr ? std::nullopt : take_bundle(*device);
    if (!bundle) continue;
    Node answer = Node("user").with("jid", *jid);
    add_bundle(answer, *bundle, *device);
    list.add_child(std::move(answer));
  }
  return {std::move(list)};
}

Node::Children PreKeyDesk::bundles_by_device(const Node& request) {
  Node list("list");
  for (const Node* user : request.children("user")) {
    const auto jid = user->jid("jid");
    const Account* account = jid ? state_.directory.account(*jid) : nullptr;
    if (account == nullptr) continue;
    Node answer = Node("user").with("jid", *jid);
    for (const Node* wanted : user->children("device")) {
      const auto id = wanted->number("id");
      Device* device = id ? account->device(static_cast<std::uint16_t>(*id)) : nullptr;
      const auto bundle = device == nullptr ? std::nullopt : take_bundle(*device);
      if (!bundle) continue;
      Node entry = Node("device").with("id", *id);
      add_bundle(entry, *bundle, *device);
      answer.add_child(std::move(entry));
    }
    list.add_child(std::move(answer));
  }
  return {std::move(list)};
}

Node::Children PreKeyDesk::identities(const Node& request) const {
  Node list("list");
  for (const Node* user : request.children("user")) {
    const auto jid = user->jid("jid");
    const Device* device = jid ? state_.directory.device(*jid) : nullptr;
    if (device == nullptr || !device->keys.uploaded) continue;
    list.add_child(Node("user")
                       .with("jid", *jid)
                       .add(Node("identity").bytes(base::ByteView{device->keys.identity}))
                       .add(key_type()));
  }
  return {std::move(list)};
}

}  // namespace simulator
