// Who may see and do what: last seen, picture, about, groups, read receipts. Kept from one connection to the
// next, asked for anew when another device changes them. Spec 08 §14.1.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

/// Whether others may learn that we read what they wrote.
enum class ReadReceipts { kTold, kOwnDevicesOnly };

class PrivacySettings {
 public:
  /// Category → value, as the service names them; unknown ones are kept.
  using Settings = std::map<std::string, std::string>;

  explicit PrivacySettings(DeskParts& parts) : parts_(parts) {}

  void attached();
  void offline_finished();

  /// As last heard.
  [[nodiscard]] ReadReceipts read_receipts() const;
  /// Asks the service. kClosed, kTimeout, kRejected.
  runtime::Task<base::Result<Settings>> fetch();
  /// One category. kInvalidArgument for a name or value that is none; else as fetch().
  runtime::Task<base::Result<void>> set(std::string name, std::string value);
  /// Soon, and not too often: several changes in a row are one question.
  void refresh_soon();

 private:
  runtime::Task<void> load();
  runtime::Task<void> refresh();
  runtime::Task<base::Result<void>> keep(Settings settings);

  DeskParts& parts_;
  Settings settings_;
  enum class Known { kNo, kYes } known_ = Known::kNo;  // since the account was made
  bool refresh_waiting_ = false;
  base::Clock::time_point last_refresh_{};
};

}  // namespace whatsapp
