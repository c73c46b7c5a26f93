// The keys that app state is encrypted with. The phone makes them and shares them with its companions; each
// has an id, which every record names. One shared key expands to five. Spec 07 A2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace whatsapp::app_state {

/// Six bytes from today's phones: device id (2, big endian), epoch (4). Other lengths are kept as well.
using KeyId = base::Bytes;
inline constexpr std::size_t kMaxKeyIdSize = 32;

struct SyncKey {
  KeyId id;
  base::Secret<32> data;
  std::int64_t timestamp_ms = 0;
};

/// What the phone shares: an id and a serialised AppStateSyncKeyData. No key if the sender does not have it
/// itself. kMalformed for an id that is empty or too long, or data that is no key of 32 bytes.
base::Result<std::optional<SyncKey>> read_sync_key(base::ByteView id, base::ByteView key_data);

struct MutationKeys {
  base::Secret<32> index;
  base::Secret<32> value_encryption;
  base::Secret<32> value_mac;
  base::Secret<32> snapshot_mac;
  base::Secret<32> patch_mac;
};

MutationKeys expand(const base::Secret<32>& key_data);

/// The keys of one account, expanded.
class KeyRing {
 public:
  /// A known id is replaced only by a later key. True if the ring changed.
  bool add(SyncKey key);

  /// Null: not known. Valid until the next add.
  [[nodiscard]] const MutationKeys* find(base::ByteView id) const;

  /// The id to encrypt with: the highest epoch, of equal ones the lowest device; ids without epoch come last,
  /// by time. Epochs up to `expired_epoch` are not used. Null if none is left.
  [[nodiscard]] const KeyId* active(std::optional<std::uint32_t> expired_epoch = std::nullopt) const;

  [[nodiscard]] bool empty() const { return keys_.empty(); }

  /// Calls visit(id, keys) for each key.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [id, entry] : keys_) visit(id, entry.keys);
  }

 private:
  struct Entry {
    std::int64_t timestamp_ms = 0;
    MutationKeys keys;
  };

  std::map<KeyId, Entry> keys_;
};

/// A serialised request for missing keys (protocolMessage.appStateSyncKeyRequest).
base::Bytes build_key_request(std::span<const KeyId> missing);

}  // namespace whatsapp::app_state
