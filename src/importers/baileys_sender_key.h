// sender-key-GROUP--USER--DEVICE.json: up to five keys of one group member's device, in two layouts: bytes
// that contain JSON (since 6.7.19), or the JSON itself. Newest last there, newest first here. Spec 09 §7.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "whatsapp/signal/sender_key_record.h"

namespace importers {

/// Whose key it is decides what is worth keeping: the producer skips every second key of its own chain and
/// keeps the skipped ones, which nobody will ever ask for.
enum class SenderKeyOwner { kOurselves, kOther };

struct BaileysSenderKeys {
  whatsapp::signal::SenderKeyRecord record;
  std::size_t unusable_states = 0;
  bool has_private_key = false;
};

/// kMalformed, kLimit when the text is no sender key record at all.
base::Result<BaileysSenderKeys> read_sender_keys(std::string_view text, SenderKeyOwner owner);

/// The present layout.
std::string write_sender_keys(const whatsapp::signal::SenderKeyRecord& record);

}  // namespace importers
