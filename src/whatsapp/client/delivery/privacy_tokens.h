// The life of privacy tokens: kept when they come (notification, answer to ours, history), put on what needs
// them, ours issued to people we write to, again with each new week's bucket and when somebody registered
// anew. See privacy_token.h for what they are. Spec 05 §2.10; 08 §7; 10 B1, B2.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/notification_listener.h"
#include "whatsapp/client/privacy_token.h"

namespace whatsapp {

struct DeskParts;

class PrivacyTokens final : public NotificationListener {
 public:
  explicit PrivacyTokens(DeskParts& parts) : parts_(parts) {}

  /// The children of a direct message to `to`: <tctoken>, else <cstoken>, else nothing. Nothing for
  /// ourselves, bots, announcements of the service, and everything that is no person.
  runtime::Task<base::Result<std::vector<binary::Node>>> nodes_for(binary::Jid to);
  /// The bytes that a presence subscription, a picture query or a status query carries; nothing if there are
  /// none.
  runtime::Task<base::Result<std::optional<base::Bytes>>> token_of(binary::Jid person);

  /// Issues ours if it is due, in the background of the connection; one at a time per person.
  void issue_if_due(binary::Jid to);
  /// After a 463: now, whatever the calendar says; still one at a time.
  void issue_now(binary::Jid to);
  /// A contact registered anew and lost what we gave him: once more, with the old date.
  void issue_again(binary::Jid to);

  /// A token from elsewhere (history), into `changes`; the newest wins. `issued_at`: when ours was issued,
  /// as another device of ours knows, 0 if it does not.
  runtime::Task<base::Result<void>> learn(binary::Jid owner, base::Bytes token, UnixSeconds made_at,
                                          UnixSeconds issued_at, store::Changes& changes);

  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

 private:
  enum class Occasion { kIfDue, kNow, kSameDate };

  [[nodiscard]] bool concerns(const binary::Jid& person) const;
  runtime::Task<base::Result<PrivacyToken>> load(binary::Jid canonical);
  void begin_issue(binary::Jid to, Occasion occasion);
  runtime::Task<void> issue(binary::Jid to, Occasion occasion);
  runtime::Task<base::Result<void>> issue_to(binary::Jid canonical, Occasion occasion);
  runtime::Task<base::Result<void>> save_answer(binary::Jid canonical, binary::Node answer,
                                                UnixSeconds issued_at);

  DeskParts& parts_;
  std::set<std::string> being_issued_;
};

}  // namespace whatsapp
