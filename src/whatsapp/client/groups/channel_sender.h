// Posting into a channel (newsletter): not encrypted, one stanza for all. An edit and a deletion go out under
// the id of the post they are about; a reaction names it by the number that the server gave it.
// Spec 05 §4.3; 08 §11.
//
// Record `channel_post`: key = channel|message id, value = the server's number, decimal.
#pragma once

#include <string>

#include "runtime/task.h"
#include "whatsapp/client/chat_order.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/outgoing_message.h"

namespace whatsapp {

class ChannelSender {
 public:
  explicit ChannelSender(DeskParts& parts) : parts_(parts), order_(parts.outside.loop) {}

  /// Errors as Client::send; kNotFound for a reaction to a post that we do not know.
  runtime::Task<base::Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal);
  runtime::Task<base::Result<SendOutcome>> resend(base::Bytes stanza);
  static bool wrote(base::ByteView stanza);

  /// The number of a post, to be found again by its id.
  static void remember_post(const binary::Jid& channel, const std::string& id, const std::string& server_id,
                            std::int64_t now, store::Changes& changes);

 private:
  runtime::Task<base::Result<binary::Node>> stanza_of(OutgoingMessage message);
  runtime::Task<base::Result<std::string>> post_number(binary::Jid channel, std::string id);
  runtime::Task<base::Result<SendOutcome>> acked(binary::Node stanza, base::Bytes bytes,
                                                 std::unique_ptr<PendingAck> ack);

  DeskParts& parts_;
  ChatOrder order_;
};

}  // namespace whatsapp
