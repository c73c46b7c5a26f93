// Notifications: the server tells what changed. All of them are acked, once their effect is durable; those
// that matter to messages are obeyed here: device lists, identities, LIDs, our own pre-keys. Every other part
// of the account listens for the types that are its business. Spec 08 §8.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/notification_listener.h"
#include "whatsapp/client/stanza_answer.h"

namespace whatsapp {

class Notifications {
 public:
  explicit Notifications(DeskParts& parts) : parts_(parts) {}

  /// `listener` outlives this. Before the first connection.
  void listen(std::string type, NotificationListener& listener) {
    listeners_.emplace_back(std::move(type), &listener);
  }
  /// Obeys and acks one `<notification>`.
  runtime::Task<void> take(const binary::Node& notification);

 private:
  using Changes = store::Changes;

  runtime::Task<base::Result<void>> obey(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> note_name(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> learn_lids(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> obey_encrypt(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> identity_changed(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> forget_devices(std::string user, signal::Domain domain,
                                                   std::int64_t since, Changes& changes);

  DeskParts& parts_;
  std::vector<std::pair<std::string, NotificationListener*>> listeners_;
};

}  // namespace whatsapp
