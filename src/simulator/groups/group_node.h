// A group as clients see it: <group> with its attributes, its members and its rules (spec 08 §10.1).
#pragma once

#include "simulator/groups/group.h"
#include "whatsapp/binary/node.h"

namespace simulator {

using whatsapp::binary::Node;

/// All of it.
Node group_node(const Group& group);
/// What somebody sees who is invited and not a member: no members but the creator.
Node invited_group_node(const Group& group);
/// <participant> with both identities and the role.
Node participant_node(const Group& group, const Member& member);
/// The same for somebody who is no member (any more); `error`: 0 none.
Node participant_node(const Group& group, const Account& account, int error = 0);

}  // namespace simulator
