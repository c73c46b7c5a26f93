// The pre-key store: devices upload, others fetch one bundle per device, and each one-time key is given out
// once (spec 04 §10, 05 §12.6).
#pragma once

#include <optional>
#include <string_view>

#include "simulator/delivery.h"
#include "simulator/server_state.h"
#include "whatsapp/signal/keys.h"

namespace simulator {

class PreKeyDesk {
 public:
  PreKeyDesk(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  /// Answers an iq with xmlns `encrypt`; an iq error code if it cannot.
  base::Result<Node::Children> answer(Device& device, const Node& iq);

  /// Takes the next one-time key. Empty if the device never uploaded keys.
  std::optional<whatsapp::signal::PreKeyBundle> take_bundle(Device& device);

 private:
  base::Result<Node::Children> upload(Device& device, const Node& iq);
  base::Result<Node::Children> rotate(Device& device, const Node& skey);
  base::Result<Node::Children> digest(const Device& device) const;
  Node::Children bundles(const Node& request);
  Node::Children bundles_by_device(const Node& request);
  Node::Children identities(const Node& request) const;
  void tell_if_low(Device& device);

  ServerState& state_;
  Delivery& delivery_;
};

/// <skey><id/><value/><signature/></skey> and <key><id/><value/></key>.
Node signed_key_node(std::uint32_t id, const crypto::PublicKey& key, const crypto::Signature& signature);
Node one_time_key_node(std::uint32_t id, const crypto::PublicKey& key);

}  // namespace simulator
