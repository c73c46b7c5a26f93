// Who may see our status posts: the people given with the post, else those that the account's privacy setting
// names. Kept per post, so that only they get it again when they could not read it. Spec 05 §4.1; 08 §14.4.
//
// Record `status_audience`: key = message id, value = users by LID or number, one JID text per line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

class StatusAudience {
 public:
  explicit StatusAudience(DeskParts& parts) : parts_(parts) {}

  struct Audience {
    std::vector<binary::Jid> accounts;
    std::string setting;  // the word of the stanza: contacts, allowlist, denylist
  };
  /// kInvalidArgument when nobody could be found.
  runtime::Task<base::Result<Audience>> of(std::vector<binary::Jid> given);

  void remember(const std::string& id, const std::vector<binary::Jid>& accounts,
                store::Changes& changes) const;
  /// Whether this post was meant for that account.
  runtime::Task<base::Result<bool>> may_see(std::string id, binary::Jid account);

 private:
  runtime::Task<base::Result<std::vector<binary::Jid>>> contacts();

  DeskParts& parts_;
};

}  // namespace whatsapp
