// From what an account is asked to say to the bytes that are encrypted: JIDs in the addressing of the chat,
// the keys of other messages, what we still have of quoted and edited ones, the secrets of polls that are
// voted in, the chat's disappearing setting. The same for people, groups and status. Spec 05 §2.7, §5.
#pragma once

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/outgoing_message.h"
#include "whatsapp/message/stanza_traits.h"

namespace whatsapp {

/// The chat a message goes to, as its stanza addresses it. JIDs without device.
struct ChatAddress {
  binary::Jid chat;  // the stanza's `to`
  binary::Jid own;   // our account in the addressing of the chat
  enum class Form { kPn, kLid } form = Form::kPn;
};

struct WrittenContent {
  base::Bytes plaintext;  // serialised Message, not padded
  message::StanzaTraits traits;
};

/// kInvalidArgument for what cannot be said, e.g. a vote in a poll that we do not know (any more).
runtime::Task<base::Result<WrittenContent>> write_content(DeskParts& parts, const OutgoingMessage& message,
                                                          const ChatAddress& address);

/// What must be known later to understand votes, edits and the like about `written`: into the transaction
/// that sends it.
runtime::Task<base::Result<void>> remember_content(DeskParts& parts, const WrittenContent& written,
                                                   const std::string& id, const ChatAddress& address,
                                                   store::Changes& changes);

/// type and edit of <message>, its <meta>.
void add_traits(const message::StanzaTraits& traits, binary::Node& message);
/// mediatype and decrypt-fail of the <enc> that carries the content.
void add_enc_traits(const message::StanzaTraits& traits, binary::Node& enc);

}  // namespace whatsapp
