// The questions a logged-in device asks, and the server's answers (spec 08 §18, 11 §6). What nobody knows
// is answered with an empty result and counted.
#pragma once

#include "simulator/app_state/collection_desk.h"
#include "simulator/delivery.h"
#include "simulator/link_desk.h"
#include "simulator/pre_key_desk.h"
#include "simulator/server_state.h"

namespace simulator {

class IqDesk {
 public:
  IqDesk(ServerState& state, Delivery& delivery, PreKeyDesk& pre_keys, LinkDesk& linking,
         CollectionDesk& collections)
      : state_(state),
        delivery_(delivery),
        pre_keys_(pre_keys),
        linking_(linking),
        collections_(collections) {}

  void answer(Session& session, Device& device, const Node& iq);
  /// For every connection, linked or not.
  static Node pong(const ServerState& state, const Node& iq);

 private:
  base::Result<Node::Children> content(Device& device, std::string_view xmlns, const Node& iq);
  base::Result<Node::Children> privacy(Device& device, const Node& iq);
  base::Result<Node::Children> blocklist(Account& account, const Node& iq);
  base::Result<Node::Children> groups(const Account& account, const Node& iq) const;
  [[nodiscard]] Node group_node(const Group& group) const;
  [[nodiscard]] Node media_conn();
  void issue_tokens(Device& device, const Node& tokens);
  void unlink(Session& session, Device& device, const Node& iq, const Node& request);

  ServerState& state_;
  Delivery& delivery_;
  PreKeyDesk& pre_keys_;
  LinkDesk& linking_;
  CollectionDesk& collections_;
};

}  // namespace simulator
