// What an account can do with groups. Every method asks the server, within the budget of the account, and
// patches what we know, so that the next message goes to the right people. Errors of all: kClosed (not
// connected), kRejected with the server's number in `detail` (403: not an admin, or not a member; 404: no
// such group; 406: not acceptable; …), kUnavailable with 429 (later), kTimeout, kInvalidArgument. Spec 08
// §10.
#pragma once

#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/groups/group_directory.h"
#include "whatsapp/client/groups/group_stanzas.h"

namespace whatsapp {

class Groups {
 public:
  Groups(DeskParts& parts, GroupDirectory& directory) : parts_(parts), directory_(directory) {}
  using Jid = binary::Jid;
  template <class T>
  using Answer = runtime::Task<base::Result<T>>;
  using Freshness = GroupDirectory::Freshness;

  Answer<std::vector<GroupMetadata>> list(Freshness freshness = Freshness::kCached);
  Answer<GroupMetadata> metadata(Jid group, Freshness freshness = Freshness::kCached);

  struct Created {
    GroupMetadata group;
    std::vector<ParticipantResult> participants;
  };
  Answer<Created> create(NewGroup group);
  /// One result for each of them; an error only if the server refuses all of it.
  Answer<std::vector<ParticipantResult>> change(Jid group, ParticipantChange change, std::vector<Jid> people);
  Answer<void> leave(Jid group);

  Answer<void> set_subject(Jid group, std::string subject);
  /// An empty text takes it away.
  Answer<void> set_description(Jid group, std::string text);
  Answer<void> set(Jid group, GroupSetting setting);
  /// 86400, 604800, 7776000, or 0: messages stay.
  Answer<void> set_ephemeral(Jid group, std::uint32_t seconds);

  /// "https://chat.whatsapp.com/…"
  Answer<std::string> invite_link(Jid group);
  /// The old link is worth nothing any more.
  Answer<std::string> new_invite_link(Jid group);
  /// As much as somebody outside may know.
  Answer<GroupMetadata> invite_info(std::string link);
  struct Joined {
    Jid group;
    enum class State { kMember, kAwaitsApproval } state = State::kMember;
  };
  Answer<Joined> join(std::string link);
  /// An invitation that came as a message.
  Answer<void> accept_invite(Jid group, std::string code, std::int64_t expires_at, Jid admin);

  Answer<std::vector<JoinRequest>> join_requests(Jid group);
  Answer<std::vector<ParticipantResult>> answer_join_requests(Jid group, JoinAnswer answer,
                                                              std::vector<Jid> people);

  /// The groups of a community.
  Answer<std::vector<LinkedGroup>> linked_groups(Jid community);

 private:
  /// A person as asked for, and as the group names him.
  struct Named {
    Jid asked;
    Jid jid;
    std::optional<Jid> pn;
  };
  enum class Form { kPn, kLid };

  Answer<binary::Node> ask(binary::Node iq);
  Answer<binary::Node> ask_and_patch(Jid group, binary::Node change);
  Answer<std::vector<Named>> named(const std::vector<Jid>& people, Form form);
  Answer<Form> form_of(Jid group);
  static void name_as_asked(const std::vector<Named>& people, std::vector<ParticipantResult>& results);
  Answer<std::string> link_from(Jid group, std::string_view type);
  [[nodiscard]] std::string new_description_id() const;

  DeskParts& parts_;
  GroupDirectory& directory_;
};

}  // namespace whatsapp
