// How the account presents itself, and what others present: name, about, picture; who is blocked and who may
// see what. Part of Client, see profile(). Spec 08 §13, §14.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/profile/blocklist.h"
#include "whatsapp/client/profile/privacy_settings.h"
#include "whatsapp/client/sync/app_state_patches.h"

namespace whatsapp {

enum class PictureSize { kPreview, kFull };

struct ProfilePicture {
  std::string id;
  std::string url;          // https; expires within days
  std::string direct_path;  // below the media hosts
};

struct BusinessProfile {
  std::string address, description, email;
  std::vector<std::string> websites, categories;
};

class Profile {
 public:
  Profile(DeskParts& parts, AppStatePatches& patches, PrivacySettings& privacy, Blocklist& blocklist)
      : parts_(parts), patches_(patches), privacy_(privacy), blocklist_(blocklist) {}

  // All of these: kClosed, kTimeout, kRejected with the service's code; others as said.

  /// Our own name, as others see it. kInvalidArgument if nothing of it can be shown.
  runtime::Task<base::Result<void>> set_push_name(std::string name);
  runtime::Task<base::Result<void>> set_about(std::string text);
  /// Nothing if it is hidden from us or empty.
  runtime::Task<base::Result<std::optional<std::string>>> about(binary::Jid who);

  /// Nothing if there is none; kRejected with 401 if it is hidden from us.
  runtime::Task<base::Result<std::optional<ProfilePicture>>> picture(binary::Jid who, PictureSize size);
  /// Our own, square, at most 640 pixels wide. The new id.
  runtime::Task<base::Result<std::string>> set_picture(base::Bytes jpeg);
  runtime::Task<base::Result<void>> remove_picture();
  /// The same for a group; an empty picture removes it.
  runtime::Task<base::Result<std::string>> set_group_picture(binary::Jid group, base::Bytes jpeg);

  /// Nothing if it is no business.
  runtime::Task<base::Result<std::optional<BusinessProfile>>> business(binary::Jid who);

  /// For new chats, seconds; 0: messages stay. kInvalidArgument for other times than the service knows.
  runtime::Task<base::Result<void>> set_default_disappearing(std::uint32_t seconds);

  PrivacySettings& privacy() { return privacy_; }
  Blocklist& blocklist() { return blocklist_; }

 private:
  runtime::Task<base::Result<std::string>> write_picture(std::optional<binary::Jid> target, base::Bytes jpeg);

  DeskParts& parts_;
  AppStatePatches& patches_;
  PrivacySettings& privacy_;
  Blocklist& blocklist_;
};

}  // namespace whatsapp
