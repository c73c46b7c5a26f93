// What an account can do with channels (newsletters), besides posting into them: look them up, follow them,
// leave them. Errors: kClosed, kRejected (the service's code in `detail`), kNotFound, kTimeout. Spec 08 §11.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/notifications.h"

namespace whatsapp {

struct ChannelInfo {
  binary::Jid id;
  std::string name{};
  std::string description{};
  std::string invite{};  // code of its link
  std::int64_t followers = 0;
  std::int64_t created_at = 0;  // Unix seconds
  enum class State { kActive, kSuspended, kGone } state = State::kActive;
  enum class Role { kNone, kFollower, kAdmin, kOwner } role = Role::kNone;
};

class Channels final : public NotificationListener {
 public:
  explicit Channels(DeskParts& parts) : parts_(parts) {}
  using Jid = binary::Jid;
  template <class T>
  using Answer = runtime::Task<base::Result<T>>;

  Answer<ChannelInfo> info(Jid channel);
  /// "https://whatsapp.com/channel/CODE", or the code alone.
  Answer<ChannelInfo> info_by_invite(std::string link);
  /// Those that we follow.
  Answer<std::vector<ChannelInfo>> list();
  Answer<void> follow(Jid channel);
  Answer<void> unfollow(Jid channel);

  /// `mex`: we follow a channel, or do not any more; its metadata changed.
  Answer<void> take(const binary::Node& notification, store::Changes& changes) override;

 private:
  Answer<ChannelInfo> ask_info(std::string key, std::string type);
  Answer<void> ask_membership(Jid channel, std::string query_id, std::string data_key);

  DeskParts& parts_;
};

}  // namespace whatsapp
