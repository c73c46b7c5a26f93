// Additions that come encrypted (votes, reactions in announcement groups, comments, edits, answers to
// events), opened with what is remembered of the message they belong to. Which of a person's two addresses
// the sender had in mind is not told: all are tried (10 L6). Spec 05 §6.
#pragma once

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/message/content.h"

namespace whatsapp {

/// Who said what about whose message. JIDs without device.
struct AddOnOrigin {
  binary::Jid chat;
  binary::Jid sender;
  binary::Jid target_author;
};

/// Replaces a SealedAddOn in `content` by what it says; other content is left as it is. What cannot be opened
/// becomes kUnsupported. Errors are the store's only.
runtime::Task<base::Result<void>> open_sealed(DeskParts& parts, const AddOnOrigin& origin,
                                              message::Content& content);

}  // namespace whatsapp
