// Where one message goes, and what each device gets of it (spec 05 §12.2, §12.3).
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "simulator/server_state.h"

namespace simulator {

/// Where one message goes.
struct MessagePlan {
  Jid to;
  std::string id;
  /// kBroadcast: status, and lists of recipients.
  enum class Chat { kPerson, kGroup, kBroadcast } chat = Chat::kPerson;
  Addressing form = Addressing::kPn;
  Account* recipient = nullptr;  // of a 1:1 message
  const Group* group = nullptr;
  std::vector<Device*> targets;  // every device that ought to have it
  std::unordered_map<const Device*, std::vector<const Node*>> own_ciphers;  // made for one device
  std::vector<const Node*> shared_ciphers;  // skmsg for all, or the single enc of a direct message
  /// kDirected: for the one device in `targets`, whatever the lists say (retry answers, peer messages).
  enum class Spread { kFanOut, kDirected } spread = Spread::kFanOut;
};

/// The message as `target` gets it, with the ciphertexts that are for it.
Node stanza_for(const ServerState& state, const Device& sender, const Device& target, const Node& message,
                const MessagePlan& plan, const std::vector<const Node*>& ciphers);

}  // namespace simulator
