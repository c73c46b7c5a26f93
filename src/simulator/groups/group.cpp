#include "simulator/groups/group.h"

#include <algorithm>

namespace simulator {

const Member* Group::member(const Account& account) const {
  const auto found = std::ranges::find(members, &account, &Member::account);
  return found == members.end() ? nullptr : &*found;
}

Member* Group::member(const Account& account) {
  const auto found = std::ranges::find(members, &account, &Member::account);
  return found == members.end() ? nullptr : &*found;
}

bool Group::is_admin(const Account& account) const {
  const Member* found = member(account);
  return found != nullptr && found->role != Role::kMember;
}

std::string fresh_invite_code(base::Random& random) {
  constexpr std::size_t kLength = 22;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string code;
  while (code.size() < kLength) code.push_back(kAlphabet[random.below(kAlphabet.size())]);
  return code;
}

}  // namespace simulator
