// What is different when a member of a group, or a viewer of a status post, asks for a message again: he must
// be one, and he gets the message for himself alone, with our sender key beside it so that he can read what
// comes next. Somebody who is no member but holds our key makes it worthless. Spec 05 §9.2; 10 R5, R6.
#pragma once

#include <string>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/groups/group_directory.h"
#include "whatsapp/client/groups/own_sender_keys.h"
#include "whatsapp/client/groups/status_audience.h"

namespace whatsapp {

class GroupRetries {
 public:
  GroupRetries(DeskParts& parts, GroupDirectory& groups, OwnSenderKeys& keys, StatusAudience& status)
      : parts_(parts), groups_(groups), keys_(keys), status_(status) {}

  /// Chats whose messages go out with a sender key.
  static bool concerns(const binary::Jid& chat) { return chat.is_group() || chat.is_status(); }

  runtime::Task<base::Result<bool>> may_have_it(binary::Jid chat, std::string id, binary::Jid requester);
  /// The message as it goes to `requester`, who will need the key with the next message too. Under the
  /// session lock.
  runtime::Task<base::Result<base::Bytes>> plaintext_for(binary::Jid chat, signal::Address requester,
                                                         base::ByteView message, store::Changes& changes);

 private:
  DeskParts& parts_;
  GroupDirectory& groups_;
  OwnSenderKeys& keys_;
  StatusAudience& status_;
};

}  // namespace whatsapp
