// The four MACs of app state. Each is made with its own key of the key that the patch, snapshot or record
// names. Spec 07 A3.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/sync_key.h"

namespace whatsapp::app_state {

using Mac = base::FixedBytes<32>;

enum class Operation : std::uint8_t { kSet = 1, kRemove = 2 };

/// `sealed`: IV || ciphertext.
ValueMac value_mac(const MutationKeys& keys, Operation operation, base::ByteView key_id,
                   base::ByteView sealed);
IndexMac index_mac(const MutationKeys& keys, base::ByteView index_json);
/// Of a collection as it is at `version`.
Mac snapshot_mac(const MutationKeys& keys, Collection collection, std::uint64_t version, const LtHash& hash);
/// `values`: of all mutations in wire order, those that remove included. `version`: after the patch.
Mac patch_mac(const MutationKeys& keys, Collection collection, std::uint64_t version, base::ByteView snapshot,
              std::span<const ValueMac> values);

}  // namespace whatsapp::app_state
