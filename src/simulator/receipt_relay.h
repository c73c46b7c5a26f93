// Receipts: acked to the device that sent them, passed on to those they are for (spec 05 §12.5).
#pragma once

#include "simulator/delivery.h"
#include "simulator/server_state.h"

namespace simulator {

class ReceiptRelay {
 public:
  ReceiptRelay(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  void relay(Session& session, Device& sender, const Node& receipt);

 private:
  void to_author(Device& sender, const Node& receipt, const Jid& to);
  void to_own_devices(Device& sender, const Node& receipt, const Jid& to);
  void to_device(Device& sender, const Node& receipt, const Jid& to);
  [[nodiscard]] Node stanza(Device& sender, const Node& receipt, const Jid& to) const;

  ServerState& state_;
  Delivery& delivery_;
};

}  // namespace simulator
