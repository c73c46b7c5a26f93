// The questions a logged-in device asks, and the server's answers (spec 08 §18, 11 §6). What nobody knows
// is answered with an empty result and counted.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

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

  /// A room of the server that answers an xmlns of its own.
  using Answerer = std::function<base::Result<Node::Children>(Device& device, const Node& iq)>;
  void serve(const std::string& xmlns, Answerer answerer) { served_[xmlns] = std::move(answerer); }

  void answer(Session& session, Device& device, const Node& iq);
  /// The content of the answer, or an iq error code: as if `device` had asked. For devices that the
  /// simulator plays.
  base::Result<Node::Children> ask(Device& device, const Node& iq);
  /// For every connection, linked or not.
  static Node pong(const ServerState& state, const Node& iq);

 private:
  base::Result<Node::Children> content(Device& device, std::string_view xmlns, const Node& iq);
  [[nodiscard]] Node media_conn();
  void unlink(Session& session, Device& device, const Node& iq, const Node& request);

  ServerState& state_;
  Delivery& delivery_;
  PreKeyDesk& pre_keys_;
  LinkDesk& linking_;
  CollectionDesk& collections_;
  std::unordered_map<std::string, Answerer> served_;  // by xmlns
};

/// What an iq is about: "w:g2/get/query", xmlns, type and the tag of the first child.
std::string iq_kind(const Node& iq);

}  // namespace simulator
