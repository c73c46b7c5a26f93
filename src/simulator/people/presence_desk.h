// Who is there and who is typing: passed on to those who watch, to nobody else, and never kept for later
// (spec 08 §12).
#pragma once

#include <map>
#include <set>

#include "simulator/server_state.h"

namespace simulator {

class PresenceDesk {
 public:
  explicit PresenceDesk(ServerState& state) : state_(state) {}

  /// available, unavailable, subscribe, unsubscribe.
  void on_presence(Session& session, Device& device, const Node& presence);
  /// To the person, or to the members of the group.
  void on_chat_state(const Device& device, const Node& chat_state);
  void on_closed(Session& session, Device& device);

 private:
  [[nodiscard]] bool is_available(const Account& account) const;
  void announce(Device& device, bool available);
  void tell_watchers(const Account& account);
  void show(Session& watcher, const Account& account, const Jid& as) const;

  ServerState& state_;
  std::map<const Account*, std::set<std::uint16_t>> available_;  // devices that have said so
  std::map<const Account*, std::int64_t> last_seen_;
  std::map<SessionId, std::map<const Account*, Jid>> watched_;  // and the form that was asked for
};

}  // namespace simulator
