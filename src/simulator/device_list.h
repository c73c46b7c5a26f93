// Which devices an account has, as others are told: the list with its hash, the phone's signed key index
// list, and the notifications when it changes (spec 03 §11, 08 §5, §8.4).
#pragma once

#include <string>

#include "simulator/delivery.h"
#include "simulator/server_state.h"

namespace simulator {

/// phash over all devices of the account in that form.
std::string device_hash(const Account& account, Addressing form);

/// <devices>: the list and the key index list. `form` is that of the hash.
Node device_list_node(const Account& account, Addressing form);

/// The phone signs its list of key indexes anew. After every change of the devices.
void sign_key_indexes(ServerState& state, Account& account);

enum class DeviceChange { kAdded, kRemoved };

/// Tells the account's other devices (`account_sync`) and everybody who shares a chat (`devices`).
/// `device` is the one that came or went; call it after the change.
void tell_device_change(ServerState& state, Delivery& delivery, Account& account, DeviceChange change,
                        std::uint16_t device, std::uint32_t key_index);

/// Tells everybody who shares a chat that the account has a new identity key.
void tell_identity_change(ServerState& state, Delivery& delivery, Account& account);

}  // namespace simulator
