// What an incoming `<receipt>` says, read into one value: how far messages of ours have come, or what our own
// other devices have read. Whether the messages are really ours is for the caller to look up. Spec 05 §8.3.
//
//   <receipt from id t [type] [participant] [recipient]>[<list><item id/>…</list>]</receipt>
//   <receipt from=GROUP id t type><participants key=MSGID><user jid t/>…</participants>…</receipt>
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/events.h"
#include "whatsapp/client/self.h"

namespace whatsapp {

/// Ids, and people, that one receipt may name; more are ignored.
inline constexpr std::size_t kMaxReceiptIds = 2048;

struct ReceiptNews {
  struct Step {
    std::string id;
    binary::Jid by;  // who has it: device JID as the stanza named it
    UnixSeconds at = 0;
  };
  enum class Meaning {
    kNothing,     // our own devices among themselves, calls, channels, what we do not know: only acked
    kProgress,    // `steps` of our messages
    kReadByUs,    // our other device has read `chat` (messages of others)
    kRetry,       // asks for a message again
    kMediaRetry,  // asks for media again
  } meaning = Meaning::kNothing;
  MessageStatus::State state = MessageStatus::State::kDelivered;
  binary::Jid chat;  // without device
  std::vector<Step> steps;
};

/// kMalformed without an id or a sender.
base::Result<ReceiptNews> read_receipt(const binary::Node& receipt, const Self& self);

}  // namespace whatsapp
