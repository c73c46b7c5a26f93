// Sending a message to one person: who is it really → which devices → encrypt for all of them → one commit of
// ratchets, the stored message and the caller's journal → write → the server's ack. Messages of one chat are
// written in the order in which they were given. Spec 05 §2.
#pragma once

#include <string>

#include "runtime/task.h"
#include "whatsapp/client/add_ons/content_writer.h"
#include "whatsapp/client/chat_order.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/fan_out.h"
#include "whatsapp/client/send_verdict.h"

namespace whatsapp {

class MessageSender {
 public:
  explicit MessageSender(DeskParts& parts) : parts_(parts), fan_out_(parts), chats_(parts.outside.loop) {}

  runtime::Task<base::Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal);
  runtime::Task<base::Result<SendOutcome>> resend(std::string id, base::Bytes stanza);

 private:
  /// A person, as the wire and as people name him.
  struct Destination {
    binary::Jid to;                 // of the stanza: the LID if there is one
    std::optional<binary::Jid> pn;  // beside a LID
    binary::Jid told;               // to the caller, in the form in which he asked
    binary::Jid own;                // our account in the addressing of `to`
    [[nodiscard]] ChatAddress address() const;
  };
  struct Written {
    std::unique_ptr<PendingAck> ack;
    base::Bytes stanza;
  };

  runtime::Task<base::Result<Destination>> resolve(binary::Jid to);
  runtime::Task<base::Result<Destination>> resolve_number(binary::Jid pn);
  runtime::Task<base::Result<std::vector<FanOutTarget>>> targets_of(const Destination& destination,
                                                                    base::ByteView message,
                                                                    base::ByteView for_own_devices);
  runtime::Task<base::Result<Written>> write(const OutgoingMessage& message, const Destination& destination,
                                             SendJournal& journal);
  binary::Node stanza_of(const std::string& id, const message::StanzaTraits& traits,
                         const Destination& destination, const std::vector<FanOutEntry>& entries) const;
  runtime::Task<base::Result<SendOutcome>> await_verdict(const std::string& id, Written written,
                                                         Destination destination);
  runtime::Task<base::Result<void>> heed(const SendVerdict& verdict, const Destination& destination);
  runtime::Task<base::Result<void>> tell(std::string id, const SendVerdict& verdict,
                                         const Destination& destination);

  DeskParts& parts_;
  FanOut fan_out_;
  ChatOrder chats_;
};

}  // namespace whatsapp
