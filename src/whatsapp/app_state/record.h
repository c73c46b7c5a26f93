// One entry of a collection, in the open and as it travels: IV || AES-CBC ciphertext || value MAC under the
// MAC of its index. Spec 07 A3.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/app_state/action_index.h"
#include "whatsapp/app_state/macs.h"
#include "whatsapp/app_state/reject.h"

namespace whatsapp::proto {
class SyncdRecord;
}

namespace whatsapp::app_state {

/// A change of one setting, in the open.
struct Mutation {
  Operation operation = Operation::kSet;
  ActionIndex index;
  std::int32_t version = 0;  // of the action's format
  base::Bytes value;         // a serialised SyncActionValue; may be empty, and is when removing

  friend bool operator==(const Mutation&, const Mutation&) = default;
};

struct Record {
  IndexMac index_mac{};
  base::Bytes blob;
  KeyId key_id;
};

using Iv = base::FixedBytes<16>;

/// The last 32 bytes of the blob, which is long enough in every Record that was read or sealed.
ValueMac value_mac_of(const Record& record);

/// kMalformed for a record that lacks a part, or whose parts have impossible lengths.
base::Result<Record> read_record(const proto::SyncdRecord& wire);
void write_record(const Record& record, proto::SyncdRecord& wire);

/// `iv` must be fresh for every record.
Record seal(const Mutation& mutation, const MutationKeys& keys, const KeyId& key_id, const Iv& iv);

/// Checks both MACs and decrypts. No mutation: the record is genuine, but its index is not one that can be
/// understood; it counts, and there is nothing to do about it. Rejects: kUnknownKey, kValueMac, kIndexMac,
/// kMalformed.
std::expected<std::optional<Mutation>, Reject> open(const Record& record, Operation operation,
                                                    const KeyRing& keys);

}  // namespace whatsapp::app_state
