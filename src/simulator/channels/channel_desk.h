// The channel service: posts, reactions and views, history, following, and the JSON queries (`w:mex`) with
// which channels are made and looked up (spec 08 §8.12, §11).
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "simulator/channels/channel.h"
#include "simulator/delivery.h"
#include "simulator/server_state.h"

namespace simulator {

class ChannelDesk {
 public:
  ChannelDesk(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  Channel& create(Account& owner, std::string name, std::string description);
  [[nodiscard]] Channel* find(const Jid& jid) const;
  [[nodiscard]] Channel* find_by_invite(std::string_view invite) const;

  /// A message to a channel: a post, an edit, a deletion, a reaction.
  void on_message(Session& session, Device& sender, const Node& message);
  /// iqs with xmlns `newsletter`.
  base::Result<Node::Children> answer(Device& device, const Node& iq);
  /// iqs with xmlns `w:mex`: by query id.
  base::Result<Node::Children> answer_query(Device& device, const Node& iq);

 private:
  int refusal(const Device& sender, const Channel* channel, const Node& message) const;
  std::uint64_t take_post(Channel& channel, Device& sender, const Node& message);
  void take_reaction(Channel& channel, const Device& sender, const Node& message);
  void tell_followers(const Channel& channel, const Device& sender, const Node& stanza);
  void tell_post_update(const Channel& channel, const ChannelPost& post);
  /// Empty optional: no such query.
  [[nodiscard]] bool run_query(Account& asker, std::string_view query_id, const nlohmann::json& variables,
                               nlohmann::json& data);

  ServerState& state_;
  Delivery& delivery_;
  std::map<Jid, std::unique_ptr<Channel>> channels_;
  std::uint64_t next_channel_ = 1;
};

}  // namespace simulator
