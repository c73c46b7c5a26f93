// A person has other keys than before: registered anew, on a new phone or after a reinstallation. The
// application is told, since it may want to be careful with whom it talks. Spec 05 §10.4; 08 §8.3.
#pragma once

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/client/notification_listener.h"

namespace whatsapp {

struct DeskParts;

/// Stages the event. Under the session lock.
runtime::Task<base::Result<void>> tell_new_identity(DeskParts& parts, binary::Jid person,
                                                    store::Changes& changes);

/// Listens to "encrypt" for `<identity/>` (what it means for sessions and device lists is obeyed by
/// Notifications).
class IdentityNews final : public NotificationListener {
 public:
  explicit IdentityNews(DeskParts& parts) : parts_(parts) {}

  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;
  void committed(const binary::Node& notification) override;

 private:
  DeskParts& parts_;
};

}  // namespace whatsapp
