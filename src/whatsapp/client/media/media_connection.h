// The account's media hosts and its permission to upload, asked for once and kept for as long as they are
// valid. Whoever needs them at the same time shares one question. They belong to one connection of one
// account: never shared between accounts, forgotten when the connection ends (spec 06 §1.3).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/current_connection.h"
#include "whatsapp/client/media/media_hosts.h"

namespace whatsapp {

class MediaConnection {
 public:
  MediaConnection(runtime::EventLoop& loop, CurrentConnection& connection)
      : loop_(loop), connection_(connection) {}

  /// From memory or from the service. kClosed when not connected; kUnavailable, kTimeout, kRejected and
  /// kMalformed as the service answers. A failure is not remembered.
  runtime::Task<base::Result<MediaHosts>> hosts();
  /// The names that this connection was told last, good for downloads even when they have expired.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  /// What is known and valid right now, without asking.
  [[nodiscard]] std::optional<MediaHosts> known() const;
  /// A host has refused `auth`: the next hosts() asks anew, unless somebody already has.
  void refuse(const std::string& auth);
  /// The connection has ended.
  void forget() {
    hosts_.reset();
    names_.clear();
  }

 private:
  runtime::Task<base::Result<MediaHosts>> ask();

  runtime::EventLoop& loop_;
  CurrentConnection& connection_;
  std::optional<MediaHosts> hosts_;
  std::vector<std::string> names_;
  base::Clock::time_point expires_at_{};
  bool asking_ = false;
  std::vector<runtime::OneShot<MediaHosts>*> waiters_;  // for the answer to the question under way
};

}  // namespace whatsapp
