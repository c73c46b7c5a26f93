// A message that an account is asked to send, and what came of it.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/message/outgoing_content.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

struct OutgoingMessage {
  binary::Jid to;    // without device: a person (PN or LID), a group, status@broadcast, a channel
  std::string id{};  // WhatsApp message id
  message::OutgoingContent content;
  message::OutgoingContext context{};
  std::vector<binary::Jid> audience{};  // of a status: who may see it
};

struct SendOutcome {
  binary::Jid to;              // where it really went (corrected number, LID)
  std::int64_t timestamp = 0;  // the server's, Unix seconds
};

/// Lets the caller commit its own journal row with the ratchet state of a send.
class SendJournal {
 public:
  virtual ~SendJournal() = default;
  /// Called once when the stanza is built, before the commit. `stanza` are the plaintext stanza bytes to
  /// hand to Client::resend() if the ack never comes.
  virtual void stage(const binary::Jid& to, base::ByteView stanza, store::Changes& changes) = 0;
};

}  // namespace whatsapp
