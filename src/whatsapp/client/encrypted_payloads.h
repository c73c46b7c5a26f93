// The <enc> children of an incoming message: which of them we can open, in the order in which they must be
// opened. Spec 05 §7.5, §7.6.
#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/acks.h"
#include "whatsapp/client/message_source.h"

namespace whatsapp {

/// More in one message is nonsense.
inline constexpr std::size_t kMaxPayloads = 8;

struct EncryptedPayload {
  enum class Kind { kPreKeyMessage, kMessage, kSenderKeyMessage } kind = Kind::kMessage;
  base::ByteView bytes;     // of the stanza
  std::int64_t resent = 0;  // `count`: the sender sends it for this retry request of ours
};

/// Those of one device first, then those of a sender key. Never empty; why the message is refused, if there
/// is nothing that we can open.
std::expected<std::vector<EncryptedPayload>, Refusal> encrypted_payloads(const binary::Node& message,
                                                                         MessageSource::Route route);

}  // namespace whatsapp
