// One request to the group service, taken apart, and what every operation on groups begins with: may this
// account do that here? Refusals are iq error codes (spec 08 §2.1).
#pragma once

#include <functional>
#include <string_view>

#include "simulator/groups/group_node.h"
#include "simulator/groups/group_notices.h"
#include "simulator/server_state.h"

namespace simulator {

using GroupAnswer = base::Result<Node::Children>;

struct GroupCall {
  ServerState& state;
  GroupNotices& notices;
  Account& actor;
  const Node& request;  // the iq's first child
  Group* group;         // null: the request is to the service itself
};

using GroupOperation = GroupAnswer (*)(const GroupCall& call);

inline std::unexpected<base::Error> refuse_group_call(int code, std::string_view text) {
  return base::fail(base::ErrorCode::kRejected, std::string{text}, code);
}

/// 403 for everybody else.
base::Result<void> require_member(const GroupCall& call);
base::Result<void> require_admin(const GroupCall& call);
/// Admins, and members unless the group is locked.
base::Result<void> require_editor(const GroupCall& call);

// ---- members: group_members.cpp
GroupAnswer create_group(const GroupCall& call);
GroupAnswer add_members(const GroupCall& call);
GroupAnswer remove_members(const GroupCall& call);
GroupAnswer promote_members(const GroupCall& call);
GroupAnswer demote_members(const GroupCall& call);
GroupAnswer leave_groups(const GroupCall& call);
/// Takes an account in, tells it (`create`) and the others (`add`).
void let_in(const GroupCall& call, Group& group, const std::vector<Account*>& newcomers,
            std::string_view reason);

// ---- what it is called and what is allowed: group_settings.cpp
GroupAnswer change_subject(const GroupCall& call);
GroupAnswer change_description(const GroupCall& call);
/// locked, unlocked, announcement, not_announcement, no_frequently_forwarded, frequently_forwarded_ok,
/// ephemeral, not_ephemeral, membership_approval_mode, member_add_mode.
GroupAnswer change_rule(const GroupCall& call);

// ---- links, personal invitations, requests to join: group_invites.cpp
GroupAnswer show_link(const GroupCall& call);
GroupAnswer reset_link(const GroupCall& call);
GroupAnswer show_linked_group(const GroupCall& call);
GroupAnswer join_by_link(const GroupCall& call);
GroupAnswer accept_invitation(const GroupCall& call);
GroupAnswer revoke_invitations(const GroupCall& call);
GroupAnswer list_requests(const GroupCall& call);
GroupAnswer decide_requests(const GroupCall& call);
GroupAnswer cancel_requests(const GroupCall& call);
void ask_to_join(const GroupCall& call, Group& group, Account& who, std::string_view method);

// ---- communities: communities.cpp
GroupAnswer link_groups(const GroupCall& call);
GroupAnswer unlink_groups(const GroupCall& call);
GroupAnswer list_sub_groups(const GroupCall& call);
GroupAnswer list_community_members(const GroupCall& call);
GroupAnswer show_sub_group(const GroupCall& call);
GroupAnswer join_sub_group(const GroupCall& call);
GroupAnswer delete_community(const GroupCall& call);
/// A community has a group in which its admins talk to all.
Jid add_announcement_group(const GroupCall& call, const Group& community);
void join_community(const GroupCall& call, const Group& part, const std::vector<Account*>& newcomers);

}  // namespace simulator
