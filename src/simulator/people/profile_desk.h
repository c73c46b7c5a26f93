// What accounts show of themselves and whom they shut out: picture, about, business data, default timer,
// privacy settings, block list. Changes go to the owner's other devices and to acquaintances (spec 08 §8.6,
// §8.8, §13, §14).
#pragma once

#include "simulator/delivery.h"
#include "simulator/people/token_desk.h"
#include "simulator/server_state.h"

namespace simulator {

class ProfileDesk {
 public:
  ProfileDesk(ServerState& state, Delivery& delivery, TokenDesk& tokens)
      : state_(state), delivery_(delivery), tokens_(tokens) {}

  base::Result<Node::Children> picture(Device& device, const Node& iq);
  base::Result<Node::Children> about(Device& device, const Node& iq);
  base::Result<Node::Children> business(Device& device, const Node& iq);
  base::Result<Node::Children> disappearing(Device& device, const Node& iq);
  base::Result<Node::Children> privacy(Device& device, const Node& iq);
  base::Result<Node::Children> blocklist(Device& device, const Node& iq);

  void set_about(Account& account, std::string text);

 private:
  base::Result<Node::Children> set_picture(Device& device, const Node& iq);
  base::Result<Node::Children> deny_list(const Account& account, const Node& list) const;
  void tell_others(const Account& account, std::string_view type, const Node& change);
  void tell_own(const Device& changed_by, const Node& change);
  [[nodiscard]] Node notification(std::string_view type, const Jid& from);

  ServerState& state_;
  Delivery& delivery_;
  TokenDesk& tokens_;
  std::uint64_t next_picture_ = 1;
};

}  // namespace simulator
