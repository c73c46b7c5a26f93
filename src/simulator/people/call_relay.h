// Calls: offers ring on every device of who is called, the rest of the talk goes the same way. Nobody hears
// anything: there is no media (spec 08 §15).
#pragma once

#include "simulator/delivery.h"
#include "simulator/server_state.h"

namespace simulator {

class CallRelay {
 public:
  CallRelay(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  void relay(Session& session, const Device& caller, const Node& call);

 private:
  ServerState& state_;
  Delivery& delivery_;
};

}  // namespace simulator
