// usync: the directory service. Many users, several questions about each, in one iq: is there such a number,
// which devices, what LID (spec 08 §3, §5.1).
#pragma once

#include "simulator/server_state.h"
#include "whatsapp/binary/node.h"

namespace simulator {

/// Answers <usync>; the children of the iq result. kRejected with 400 if it is not understood.
base::Result<whatsapp::binary::Node::Children> answer_usync(ServerState& state, Account& asker,
                                                            const whatsapp::binary::Node& iq);

}  // namespace simulator
