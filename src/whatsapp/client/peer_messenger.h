// Messages to our own other devices, mostly to the phone: requests for keys, for a copy of app state, for
// history, for messages that we could not read. They carry a protocol message in a bare <enc>, without
// tokens, and are kept like any sent message, so that the phone can ask for them again. Spec 05 §2.12.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/fan_out.h"

namespace whatsapp {

/// `type` of such messages in the store: they are sent again as what they are.
inline constexpr std::string_view kPeerMessageType = "peer";

struct PeerMessage {
  std::string id{};          // empty: a fresh one
  base::Bytes content{};     // a serialised Message
  std::uint16_t device = 0;  // of our account; 0 is the phone
  enum class Push { kNone, kHigh, kHighForce } push = Push::kHigh;
  enum class Privacy { kPlain, kSensitive } privacy = Privacy::kPlain;
};

class PeerMessenger {
 public:
  explicit PeerMessenger(DeskParts& parts) : parts_(parts), fan_out_(parts) {}

  /// For a request whose id must be stored before it is sent.
  [[nodiscard]] std::string fresh_id() const;
  /// The id, once the server has acked it. kClosed, kTimeout, kUnavailable (the device could not be encrypted
  /// for), kRejected.
  runtime::Task<base::Result<std::string>> send(PeerMessage message);

 private:
  [[nodiscard]] binary::Node stanza_of(const PeerMessage& message, const FanOutEntry& entry) const;

  DeskParts& parts_;
  FanOut fan_out_;
};

}  // namespace whatsapp
