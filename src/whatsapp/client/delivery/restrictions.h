// What WhatsApp does not allow an account for a while: to write first to people who do not know it. Told by
// refused messages (463, 475) and by `mex` notifications. Pure: times are passed in. The state is kept as the
// value "restrictions" (JSON), so that a restart does not forget it. Spec 08 §8.11, §17.3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/events.h"

namespace whatsapp {

inline constexpr const char* kRestrictionsValue = "restrictions";

/// Ends of the three reasons not to write first; 0 or in the past: none.
struct Restrictions {
  UnixSeconds locked_until = 0;  // the reach-out time-lock, as the service told it
  UnixSeconds paused_until = 0;  // our own pause after several strangers were refused
  UnixSeconds capped_until = 0;  // the quota of new chats is used up
  std::string lock_kind{};       // the service's word for the lock
  enum class Warning { kNone, kSlowDown } warning = Warning::kNone;

  /// The end of the longest, if any holds now.
  [[nodiscard]] std::optional<UnixSeconds> until(UnixSeconds now) const;
  friend bool operator==(const Restrictions&, const Restrictions&) = default;
};

base::Bytes to_bytes(const Restrictions& restrictions);
Restrictions restrictions_from_bytes(base::ByteView bytes);

/// What a `mex` notification changes; nothing if it is about something else.
struct ReachOutLock {
  enum class Active { kNo, kYes } active = Active::kNo;
  UnixSeconds until = 0;
  std::string kind{};
};
struct NewChatCap {
  enum class Status { kNone, kWarning, kCapped } status = Status::kNone;
  UnixSeconds cycle_ends = 0;  // 0: not told
  std::string word{};          // the service's: FIRST_WARNING, CAPPED, …
};
struct RestrictionNews {
  std::optional<ReachOutLock> lock{};
  std::optional<NewChatCap> cap{};
};
RestrictionNews read_restriction_news(const binary::Node& notification, UnixSeconds now);

/// What is true after the news.
Restrictions after(Restrictions before, const RestrictionNews& news, UnixSeconds now);

}  // namespace whatsapp
