// What the server tells about people and about our own account besides messages and devices: pictures, about
// texts, changed numbers, settings made on another device. Spec 08 §8.6, §8.8, §8.9.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/dirty_marks.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/client/profile/blocklist.h"
#include "whatsapp/client/profile/privacy_settings.h"
#include "whatsapp/client/sync/account_book.h"

namespace whatsapp {

class AccountNotifications final : public NotificationListener, public DirtyListener {
 public:
  AccountNotifications(DeskParts& parts, AccountBook& book, PrivacySettings& privacy, Blocklist& blocklist)
      : parts_(parts), book_(book), privacy_(privacy), blocklist_(blocklist) {}

  /// Wants picture, status, business, contacts, disappearing_mode, account_sync; and the dirty mark
  /// account_sync.
  void listen(Notifications& notifications, DirtyMarks& dirty_marks);

  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;
  void committed(const binary::Node& notification) override;
  runtime::Task<base::Result<void>> refresh(binary::Node dirty) override;

  /// Called when our own name has changed.
  std::function<void()> renamed;

 private:
  using Changes = store::Changes;

  runtime::Task<base::Result<void>> take_picture(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> take_about(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> take_contacts(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> take_timer(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> take_business(const binary::Node& notification, Changes& changes);
  runtime::Task<base::Result<void>> take_account(const binary::Node& notification, Changes& changes);

  void tell_account(std::string what, std::string value, const binary::Node& notification, Changes& changes);
  [[nodiscard]] UnixSeconds time_of(const binary::Node& notification) const;

  DeskParts& parts_;
  AccountBook& book_;
  PrivacySettings& privacy_;
  Blocklist& blocklist_;
  enum class Blocked { kKnown, kFetchAnew } blocked_ = Blocked::kKnown;  // of the notification at hand
};

}  // namespace whatsapp
