// The group service: every iq with xmlns `w:g2` (spec 08 §10).
#pragma once

#include "simulator/groups/group_call.h"

namespace simulator {

class GroupDesk {
 public:
  GroupDesk(ServerState& state, Delivery& delivery) : state_(state), notices_(state, delivery) {}

  /// An iq error code in `detail` when it is refused.
  base::Result<Node::Children> answer(Device& device, const Node& iq);
  [[nodiscard]] GroupNotices& notices() { return notices_; }

 private:
  ServerState& state_;
  GroupNotices notices_;
};

}  // namespace simulator
