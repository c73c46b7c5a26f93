// What is asked about groups, and how the answers read. Pure; whoever asks is Groups. Spec 08 §10.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/groups/group_metadata.h"

namespace whatsapp {

enum class ParticipantChange { kAdd, kRemove, kPromote, kDemote };
enum class JoinAnswer { kApprove, kReject };

/// One decision of the admins.
enum class GroupSetting {
  kOnlyAdminsSend,
  kEverybodySends,
  kOnlyAdminsEdit,
  kEverybodyEdits,
  kOnlyAdminsAdd,
  kEverybodyAdds,
  kJoinsNeedApproval,
  kJoinsAreFree,
};

/// What became of one person. The server's numbers: 200 done, 401 blocked us, 403 does not want to be added,
/// 404 not on WhatsApp or not in the group, 408 left lately, 409 is in already, 419 the group is full.
struct ParticipantResult {
  binary::Jid jid;  // as asked for, if that can be told
  int code = 200;
  /// He can only be invited: a message of kind group invite with these.
  struct Invite {
    std::string code;
    std::int64_t expires_at = 0;  // Unix seconds
  };
  std::optional<Invite> invite{};
};

struct JoinRequest {
  binary::Jid who;
  std::optional<binary::Jid> other_form{};
  std::int64_t asked_at = 0;
  std::string method{};  // invite_link, linked_group_join, non_admin_add
};

struct LinkedGroup {
  binary::Jid id;
  std::string subject{};
  bool is_announcement_group = false;
};

struct NewGroup {
  std::string subject;
  std::vector<binary::Jid> participants{};  // people, PN or LID
  std::string description{};
  std::uint32_t ephemeral_seconds = 0;
  std::optional<binary::Jid> community{};  // to belong to
  enum class Shape { kGroup, kCommunity } shape = Shape::kGroup;
};

/// `<iq to=group|g.us type xmlns="w:g2">`.
binary::Node group_iq(std::string_view type, const binary::Jid& to, binary::Node child);
binary::Node all_groups_iq(std::string_view type, binary::Node child);

std::string_view tag_of(ParticipantChange change);
/// A participant as the service wants him named: by LID with the number beside it, or by number.
binary::Node participant_node(const binary::Jid& jid, const std::optional<binary::Jid>& pn);
binary::Node create_node(const NewGroup& group, binary::Node::Children participants,
                         std::string_view description_id);
binary::Node setting_node(GroupSetting setting);
binary::Node ephemeral_node(std::uint32_t seconds);
/// An empty text takes the description away. `previous` is the id of the one there is; empty: none.
binary::Node description_node(std::string_view text, std::string_view id, std::string_view previous);

/// The `<participant>` children of an answer.
std::vector<ParticipantResult> read_participant_results(const binary::Node& list);
std::vector<JoinRequest> read_join_requests(const binary::Node& answer);
std::vector<LinkedGroup> read_linked_groups(const binary::Node& answer);

/// The code in `chat.whatsapp.com/CODE`, `…/invite/CODE?…` or the code alone. kInvalidArgument.
base::Result<std::string> invite_code_of(std::string_view link);

}  // namespace whatsapp
