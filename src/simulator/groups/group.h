// A group as the server keeps it: who is in it and with what say, what it is called, what its members may do,
// and how it hangs together with a community.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "simulator/account.h"

namespace simulator {

/// Members of one group; more are refused with 419.
inline constexpr std::size_t kMaxGroupSize = 1024;

enum class Role { kMember, kAdmin, kSuperAdmin };

struct Member {
  Account* account = nullptr;
  Role role = Role::kMember;
};

/// Subject or description, with who wrote it and when.
struct GroupText {
  std::string text;
  std::string id;  // of a description: what the next change names as `prev`
  Account* author = nullptr;
  std::int64_t at = 0;
};

/// Somebody asks to be let in.
struct JoinRequest {
  Account* account = nullptr;
  Account* requestor = nullptr;  // who asked on their behalf; the account itself if it did
  std::int64_t at = 0;
  std::string method;  // invite_link, linked_group_join, non_admin_add
};

struct Group {
  /// kCommunity: a parent of groups, nobody talks in it. kAnnouncements: where its admins talk to all.
  enum class Kind { kGroup, kCommunity, kAnnouncements };
  /// What only admins may do, and the like. Those that are on show in the metadata.
  struct Rules {
    bool announcement = false;  // only admins send
    bool locked = false;        // only admins change subject, description, timer
    bool no_frequently_forwarded = false;
    bool join_approval = false;
    bool members_add = true;        // every member may add
    bool hidden_numbers = false;    // members show a masked number instead of their phone number
    std::uint32_t ephemeral_s = 0;  // seconds that messages live; 0: for ever
  };

  Jid jid;
  Kind kind = Kind::kGroup;
  Addressing addressing = Addressing::kLid;
  GroupText subject;
  std::optional<GroupText> description;
  Account* creator = nullptr;
  std::int64_t created_at = 0;
  std::vector<Member> members;
  Rules rules;
  std::string picture_id;  // empty: none
  std::string invite_code;
  std::vector<JoinRequest> requests;
  std::set<Account*> removed;                   // by an admin: the link lets them in no more
  std::map<Account*, std::string> invitations;  // codes of personal invitations, by invited account
  std::optional<Jid> community;                 // whose part it is
  std::uint64_t version = 1;                    // grows with every change of the members
  /// Told by a test: with what code adding that account fails, whatever the rules say.
  std::map<Account*, int> add_errors;
  /// Told by a test: attributes that the metadata leaves out.
  std::set<std::string> omitted;

  [[nodiscard]] const Member* member(const Account& account) const;
  [[nodiscard]] Member* member(const Account& account);
  [[nodiscard]] bool is_admin(const Account& account) const;
};

/// 22 characters, as in https://chat.whatsapp.com/…
std::string fresh_invite_code(base::Random& random);

}  // namespace simulator
