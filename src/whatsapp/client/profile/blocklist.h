// Whom the owner has blocked. The service keeps the list under LIDs; here it is kept as the service tells it,
// with the hash by which changes are recognised as following on what we have. Spec 08 §14.2.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

class Blocklist {
 public:
  explicit Blocklist(DeskParts& parts) : parts_(parts) {}

  /// As the service has it now. kClosed, kTimeout, kRejected.
  runtime::Task<base::Result<std::vector<binary::Jid>>> fetch();
  /// Either form of a person's address. kInvalidArgument for what is no person.
  runtime::Task<base::Result<void>> block(binary::Jid who);
  runtime::Task<base::Result<void>> unblock(binary::Jid who);
  /// As last heard, under either address.
  runtime::Task<base::Result<bool>> is_blocked(binary::Jid who);

  enum class Applied { kYes, kFetchAnew };
  /// The `<blocklist>` of a notification, into `changes` if it follows on what we have.
  runtime::Task<base::Result<Applied>> apply(const binary::Node& change, store::Changes& changes);
  /// Fetches the list in the background.
  void refresh();

 private:
  enum class Action { kBlock, kUnblock };
  runtime::Task<base::Result<void>> change(binary::Jid who, Action action);
  runtime::Task<base::Result<std::vector<binary::Jid>>> take_list(const binary::Node& answer);
  runtime::Task<void> fetch_quietly();

  DeskParts& parts_;
};

}  // namespace whatsapp
