// Tells the members of a group what has changed: one `w:gp2` notification to each of their devices (spec 08
// §8.5). They leave in a later turn, behind the answer to whoever asked for the change.
#pragma once

#include <vector>

#include "simulator/delivery.h"
#include "simulator/groups/group.h"
#include "simulator/server_state.h"

namespace simulator {

class GroupNotices {
 public:
  GroupNotices(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  /// To all members. `author` did it.
  void tell(const Group& group, const Account& author, Node change);
  /// To these accounts only.
  void tell(const Group& group, const Account& author, Node change, std::vector<Account*> audience);

 private:
  ServerState& state_;
  Delivery& delivery_;
};

/// The accounts of all members.
std::vector<Account*> accounts_of(const Group& group);

}  // namespace simulator
