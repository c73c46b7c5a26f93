// What the server does with a `message` from a device: checks it, finds out which devices must have it,
// hands each its own ciphertext, and acks (spec 05 §12.2, §12.3).
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "simulator/cipher_watch.h"
#include "simulator/delivery.h"
#include "simulator/people/token_desk.h"
#include "simulator/server_state.h"

namespace simulator {

struct MessagePlan;

class MessageRouter {
 public:
  MessageRouter(ServerState& state, Delivery& delivery, const TokenDesk& tokens)
      : state_(state), delivery_(delivery), tokens_(tokens) {}

  /// `session` belongs to `sender`; the answer goes there.
  void route(Session& session, Device& sender, const Node& message);

 private:
  /// (sender, to, id) that has been seen: what was answered, and who has got it.
  struct Seen {
    Node ack;
    std::unordered_set<const Device*> served;
  };

  [[nodiscard]] int refusal(Device& sender, const Node& message, MessagePlan& plan) const;
  void choose_person(Device& sender, Account& recipient, MessagePlan& plan) const;
  [[nodiscard]] int refuse_group(Device& sender, const Node& message, MessagePlan& plan) const;
  int address_one(const Jid& participant, MessagePlan& plan) const;
  void choose_group(const Device& sender, const Group& group, MessagePlan& plan) const;
  void choose_audience(const Device& sender, const Node& message, MessagePlan& plan) const;
  void collect_ciphers(const Node& message, MessagePlan& plan);
  void watch_ciphers(const Device& sender, const MessagePlan& plan);
  Node ack_for(Device& sender, const Node& message, const MessagePlan& plan);
  void deliver(Device& sender, const Node& message, const MessagePlan& plan, Seen& seen);
  void send_ack(Session& session, Device& sender, const Node& ack);
  Seen& remember(const std::string& key);

  ServerState& state_;
  Delivery& delivery_;
  const TokenDesk& tokens_;
  CipherWatch ciphers_;
  std::unordered_map<std::string, Seen> seen_;
  std::deque<std::string> seen_order_;
};

}  // namespace simulator
