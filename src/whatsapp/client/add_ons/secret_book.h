// What is remembered of messages because later ones are about them: the secret that votes, encrypted edits,
// reactions and answers are encrypted with; the options of polls, because a vote only has their hashes. Kept
// as records of the account's store, each with its date of expiry. Spec 05 §6.1.
//
//   message_secret   chat|author|id   32 bytes secret || author's JID text as the message had it
//   poll             chat|author|id   serialised PollCreationMessage, name and options only
//
// `chat` and `author` are written without device, as LIDs where those are known. What was kept under a phone
// number before its LID was learned is found all the same: each name is tried in all its forms.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/message/kept_parts.h"
#include "whatsapp/message/message_secret.h"

namespace whatsapp {

/// Longest life of secrets: of polls and events, and of other messages.
inline constexpr std::int64_t kLongSecretLife = 90 * 86'400;
inline constexpr std::int64_t kShortSecretLife = 14 * 86'400;

/// A message as later ones refer to it. JIDs without device.
struct MessageName {
  binary::Jid chat;
  binary::Jid author;
  std::string id;
};

/// What `message` (a serialised Message, also one wrapped for our own devices) leaves behind. Nothing if it
/// has no secret. `name` has the author in the form in which the message came or went.
runtime::Task<base::Result<void>> remember_message(DeskParts& parts, MessageName name,
                                                   message::KeptParts kept, store::Changes& changes);

struct RememberedMessage {
  message::MessageSecret secret{};
  binary::Jid author;                // as it was
  std::vector<std::string> options;  // of a poll
};

/// Nothing: never seen, or too long ago.
runtime::Task<base::Result<std::optional<RememberedMessage>>> recall_message(DeskParts& parts,
                                                                             MessageName name);

/// Both addresses of a person, as far as they are known.
runtime::Task<base::Result<message::AccountForms>> forms_of(DeskParts& parts, binary::Jid account);

}  // namespace whatsapp
