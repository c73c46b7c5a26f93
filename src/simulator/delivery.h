// Brings stanzas to devices: at once when the device is live, from its queue when it comes back. A stanza
// leaves the queue only when the device has acked it (spec 05 §12.4).
#pragma once

#include <cstddef>

#include "simulator/server_state.h"
#include "simulator/session.h"

namespace simulator {

class Delivery {
 public:
  explicit Delivery(ServerState& state) : state_(state) {}

  /// Message, receipt, notification or call; needs an id.
  void deliver(Device& device, Node stanza);
  /// The device wants its queue: offers it (`offline_preview`), or says that there is nothing.
  void activate(Session& session);
  /// <ib><offline_batch count/></ib>
  void on_batch_request(Session& session, std::size_t count);
  /// <ack class id/> from a device.
  void on_ack(Device& device, const Node& ack);
  /// A receipt other than `retry` acks the messages that it names.
  void on_receipt(Device& device, const Node& receipt);
  /// The connection has ended: what was not acked waits for the next one.
  void on_closed(Session& session);

 private:
  void write(Device& device, OutboxEntry& entry);
  void write_waiting(Device& device);
  void write_slice(Session& session);
  void finish_replay(Session& session);
  void arm_replay_timer(Session& session);
  void consumed(Device& device);

  ServerState& state_;
};

/// Every id that a receipt names: its own and those of its list.
std::vector<std::string> receipt_ids(const Node& receipt);

}  // namespace simulator
