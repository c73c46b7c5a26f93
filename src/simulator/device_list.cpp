#include "simulator/device_list.h"

#include "whatsapp/message/phash.h"
#include "whatsapp/pairing/key_index_list.h"

namespace simulator {
namespace {

Node key_index_list_node(const Account& account) {
  return Node("key-index-list")
      .with("ts", account.devices_changed_at)
      .bytes(base::ByteView{account.key_index_list});
}

/// Nobody is told of a LID that an account has not been moved to.
std::optional<Jid> known_lid(const Account& account) {
  if (account.lid_state == Account::LidState::kHidden) return std::nullopt;
  return account.lid();
}

Node notification(ServerState& state, std::string_view type, const Jid& from) {
  return Node("notification")
      .with("id", state.next_id())
      .with("type", type)
      .with("from", from)
      .with("t", state.now());
}

/// The full list, for the account's own devices.
Node own_list(const Account& account) {
  Node devices = Node("devices").with("dhash", device_hash(account, Addressing::kPn));
  for (const auto& [id, device] : account.devices) {
    Node entry = Node("device").with("jid", account.pn(id)).with("lid", account.lid(id));
    if (id != 0) entry.set("key-index", std::to_string(device->key_index));
    devices.add_child(std::move(entry));
  }
  devices.add_child(key_index_list_node(account));
  return devices;
}

/// One operation, for others.
Node delta(const Account& account, DeviceChange change, std::uint16_t id, std::uint32_t key_index) {
  Node device = Node("device").with("jid", account.pn(id)).with("lid", account.lid(id));
  Node list = Node("key-index-list").with("ts", account.devices_changed_at);
  if (change == DeviceChange::kAdded) {
    device.set("key-index", std::to_string(key_index));
    list = key_index_list_node(account);
  }
  return Node(change == DeviceChange::kAdded ? "add" : "remove")
      .with("device_hash", device_hash(account, Addressing::kPn))
      .with("device_lid_hash", device_hash(account, Addressing::kLid))
      .add(std::move(device))
      .add(std::move(list));
}

}  // namespace

std::string device_hash(const Account& account, Addressing form) {
  std::vector<Jid> devices;
  for (const auto& [id, device] : account.devices) devices.push_back(account.jid(form, id));
  return whatsapp::message::participant_hash(devices);
}

Node device_list_node(const Account& account, Addressing form) {
  Node list = Node("device-list").with("hash", device_hash(account, form));
  for (const auto& [id, device] : account.devices) {
    Node entry = Node("device").with("id", id);
    if (id != 0) entry.set("key-index", std::to_string(device->key_index));
    list.add_child(std::move(entry));
  }
  return Node("devices").add(std::move(list)).add(key_index_list_node(account));
}

void sign_key_indexes(ServerState& state, Account& account) {
  account.devices_changed_at = state.now();
  whatsapp::pairing::KeyIndexList list;
  list.raw_id = account.raw_id;
  list.timestamp = static_cast<std::uint64_t>(account.devices_changed_at);
  list.current_index = account.current_index;
  for (const auto& [id, device] : account.devices) list.valid_indexes.push_back(device->key_index);
  account.key_index_list =
      whatsapp::pairing::sign_key_index_list(account.identity, list, state.random).encode();
}

void tell_device_change(ServerState& state, Delivery& delivery, Account& account, DeviceChange change,
                        std::uint16_t device, std::uint32_t key_index) {
  for (const auto& [id, own] : account.devices) {
    if (id == device) continue;
    delivery.deliver(*own, notification(state, "account_sync", account.pn()).add(own_list(account)));
  }
  for (Account* other_account : account.acquaintances) {
    for (const auto& [id, target] : other_account->devices) {
      delivery.deliver(*target, notification(state, "devices", account.pn())
                                    .with("lid", known_lid(account))
                                    .add(delta(account, change, device, key_index)));
    }
  }
}

void tell_identity_change(ServerState& state, Delivery& delivery, Account& account) {
  for (Account* other_account : account.acquaintances) {
    for (const auto& [id, target] : other_account->devices) {
      delivery.deliver(
          *target,
          notification(state, "encrypt", account.pn()).with("lid", known_lid(account)).add(Node("identity")));
    }
  }
}

}  // namespace simulator
