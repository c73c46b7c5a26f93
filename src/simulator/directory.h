// Who exists: accounts by phone number and by LID, and groups by their JID.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "simulator/account.h"
#include "simulator/groups/group.h"
#include "simulator/settings.h"

namespace simulator {

class Directory {
 public:
  explicit Directory(base::Random& random, NinthDigit ninth_digit);

  /// Empty number: the next free one. kConflict if the number is taken, kInvalidArgument if it is none.
  base::Result<Account*> create_account(const PersonOptions& options);
  /// The first participant creates it. kNotFound for participants that do not exist.
  base::Result<Group*> create_group(std::string_view subject, Addressing addressing,
                                    const std::vector<Jid>& participants, std::int64_t now);
  /// The old LID leads nowhere any more.
  void change_lid(Account& account);
  /// An empty one.
  Group& new_group(Account& creator, std::string_view subject, Addressing addressing, std::int64_t now);
  void remove_group(const Jid& jid) { groups_.erase(jid); }

  /// The account of a PN or LID JID, whatever its device. Null if there is none.
  [[nodiscard]] Account* account(const Jid& jid) const;
  [[nodiscard]] Device* device(const Jid& jid) const;
  /// By phone number as people write it, the ninth digit normalised if so set.
  [[nodiscard]] Account* by_number(std::string_view number) const;
  [[nodiscard]] Group* group(const Jid& jid) const;
  [[nodiscard]] Group* group_by_invite(std::string_view code) const;
  template <class Visitor>
  void for_each_group(Visitor&& visit) const {
    for (const auto& [jid, group] : groups_) visit(*group);
  }

  [[nodiscard]] const std::vector<std::unique_ptr<Account>>& accounts() const { return accounts_; }

 private:
  [[nodiscard]] std::string free_number();

  base::Random& random_;
  NinthDigit ninth_digit_;
  std::vector<std::unique_ptr<Account>> accounts_;
  std::unordered_map<std::string, Account*> by_pn_;
  std::unordered_map<std::string, Account*> by_lid_;
  std::map<Jid, std::unique_ptr<Group>> groups_;
  std::uint64_t next_number_ = 1;
  std::uint64_t next_lid_ = 1;
  std::uint64_t next_group_ = 1;
};

/// The other spelling of a Brazilian mobile number: 55 DD 9XXXXXXXX ⇄ 55 DD XXXXXXXX; empty if it is none.
std::string other_ninth_digit_form(std::string_view digits);

}  // namespace simulator
