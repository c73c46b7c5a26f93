// The answers that the server waits for. A stanza that is not answered keeps its place in the server's
// queue and comes again with each connection, so even what we do not understand is answered. All answers
// are built here, by copying the addressing of the stanza as it is. Spec 05 §8.1, §8.4; 08 §8.1.
#pragma once

#include <optional>
#include <string_view>

#include "whatsapp/binary/node.h"

namespace whatsapp {

/// Why we refuse a stanza. The server drops it; the sender is not told.
enum class Refusal {
  kMalformed = 487,      // attributes or structure
  kUnknownStanza = 488,  // also a message without any content
  kUnknownType = 490,
  kInvalidProtobuf = 491,  // also a payload of a version that is not ours
  kMissingMessageSecret = 495,
  kUnhandled = 500,
};

/// message, receipt, notification, call and status stanzas, and unknown ones: whatever has an id and a
/// sender. Everything else is never answered.
[[nodiscard]] bool wants_answer(const binary::Node& stanza);

/// <ack class=TAG id to=from [participant] [recipient] [type] [error]/>
binary::Node ack_for(const binary::Node& stanza, std::optional<Refusal> refusal = std::nullopt);

/// Types of the receipts that also ack the message; kDelivered has none on the wire.
enum class ReceiptType { kDelivered, kInactive, kSender, kPeerMessage, kHistorySync };

/// <receipt id to=from [participant] [recipient] [type]/>; to peers and for history it goes to our own
/// account without device.
binary::Node receipt_for(const binary::Node& message, ReceiptType type);

}  // namespace whatsapp
