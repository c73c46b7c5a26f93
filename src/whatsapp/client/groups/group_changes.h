// What one child of a `w:gp2` notification does to a group: the cached metadata is patched, and the event for
// the application falls out. Pure. Changes that this version does not know are told by their name and change
// nothing. Spec 08 §8.5; 10 G7.
#pragma once

#include <optional>
#include <vector>

#include "whatsapp/binary/node.h"
#include "whatsapp/client/events.h"
#include "whatsapp/client/groups/group_metadata.h"

namespace whatsapp {

struct GroupEffect {
  GroupChange event;
  std::vector<GroupMember> members{};  // named by the change, in both forms if told
  std::vector<GroupMember> gone{};     // of these, who cannot read on
  enum class Fate {
    kKept,  // and patched, if it was there
    kNew,   // the notification brought all of it
    kLeft,  // we are not in it (any more), or it does not exist
  } fate = Fate::kKept;
};

/// `group` is what was known, absent if nothing was; afterwards what is known.
GroupEffect apply_group_change(const binary::Node& notification, const binary::Node& change, const Self& self,
                               std::optional<GroupMetadata>& group);

}  // namespace whatsapp
