#include "simulator/directory.h"

#include <fmt/format.h>

#include <algorithm>

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

std::string digits_of(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return digits;
}

template <class Map>
Account* find_in(const Map& map, std::string_view user) {
  const auto found = map.find(std::string{user});
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

std::string other_ninth_digit_form(std::string_view digits) {
  constexpr std::size_t kCountryAndArea = 4;  // 55 DD
  if (!digits.starts_with("55")) return {};
  const std::string_view local = digits.substr(std::min(kCountryAndArea, digits.size()));
  if (local.size() == 9 && local.front() == '9')
    return std::string{digits.substr(0, kCountryAndArea)}.append(local.substr(1));
  if (local.size() == 8) return std::string{digits.substr(0, kCountryAndArea)}.append("9").append(local);
  return {};
}

Directory::Directory(base::Random& random, NinthDigit ninth_digit)
    : random_(random), ninth_digit_(ninth_digit) {}

std::string Directory::free_number() {
  while (true) {
    std::string number = fmt::format("55119{:08}", next_number_++);
    if (!by_pn_.contains(number)) return number;
  }
}

Result<Account*> Directory::create_account(const PersonOptions& options) {
  std::string number = options.number.empty() ? free_number() : digits_of(options.number);
  if (number.size() < 5 || number.size() > 15)
    return fail(ErrorCode::kInvalidArgument, "a phone number has 5 to 15 digits");
  if (by_pn_.contains(number)) return fail(ErrorCode::kConflict, "that number exists already");

  auto account = std::make_unique<Account>();
  account->pn_user = std::move(number);
  account->lid_user = fmt::format("{}", 100'000'000'000'000 + next_lid_++);
  account->push_name = options.name;
  account->platform = options.platform;
  account->identity = crypto::generate_key_pair(random_);
  account->raw_id = 1 + static_cast<std::uint32_t>(random_.below(0x7FFFFFFE));
  account->privacy = {{"readreceipts", "all"}, {"last", "all"},     {"online", "all"}, {"profile", "all"},
                      {"status", "all"},       {"groupadd", "all"}, {"calladd", "all"}};
  account->devices[0] = std::make_unique<Device>(*account, std::uint16_t{0});
  by_pn_[account->pn_user] = account.get();
  by_lid_[account->lid_user] = account.get();
  return accounts_.emplace_back(std::move(account)).get();
}

Result<Group*> Directory::create_group(std::string_view subject, Addressing addressing,
                                       const std::vector<Jid>& participants, std::int64_t now) {
  std::vector<Account*> members;
  for (const Jid& jid : participants) {
    Account* member = account(jid);
    if (member == nullptr) return fail(ErrorCode::kNotFound, "no such participant: " + jid.to_string());
    if (std::ranges::find(members, member) == members.end()) members.push_back(member);
  }
  if (members.empty()) return fail(ErrorCode::kInvalidArgument, "a group has participants");
  Group& group = new_group(*members.front(), subject, addressing, now);
  for (Account* member : members)
    group.members.push_back({member, member == group.creator ? Role::kSuperAdmin : Role::kMember});
  for (Account* member : members) {
    for (Account* other_member : members) {
      if (other_member != member) member->acquaintances.insert(other_member);
    }
  }
  return &group;
}

Group& Directory::new_group(Account& creator, std::string_view subject, Addressing addressing,
                            std::int64_t now) {
  auto group = std::make_unique<Group>();
  group->jid = Jid{fmt::format("{}", 120'363'000'000'000'000 + next_group_++), Server::kGroup};
  group->subject = {.text = std::string{subject}, .id = {}, .author = &creator, .at = now};
  group->addressing = addressing;
  group->creator = &creator;
  group->created_at = now;
  group->invite_code = fresh_invite_code(random_);
  return *groups_.emplace(group->jid, std::move(group)).first->second;
}

void Directory::change_lid(Account& account) {
  by_lid_.erase(account.lid_user);
  account.lid_user = fmt::format("{}", 100'000'000'000'000 + next_lid_++);
  by_lid_[account.lid_user] = &account;
}

Group* Directory::group_by_invite(std::string_view code) const {
  for (const auto& [jid, group] : groups_) {
    if (group->invite_code == code) return group.get();
  }
  return nullptr;
}

Account* Directory::account(const Jid& jid) const {
  if (jid.is_lid()) return find_in(by_lid_, jid.user());
  if (jid.is_pn()) return find_in(by_pn_, jid.user());
  return nullptr;
}

Device* Directory::device(const Jid& jid) const {
  const Account* owner = account(jid);
  return owner == nullptr ? nullptr : owner->device(jid.device());
}

Account* Directory::by_number(std::string_view number) const {
  const std::string digits = digits_of(number);
  if (Account* exact = find_in(by_pn_, digits)) return exact;
  if (ninth_digit_ == NinthDigit::kExact) return nullptr;
  const std::string other_form = other_ninth_digit_form(digits);
  return other_form.empty() ? nullptr : find_in(by_pn_, other_form);
}

Group* Directory::group(const Jid& jid) const {
  const auto found = groups_.find(jid);
  return found == groups_.end() ? nullptr : found->second.get();
}

}  // namespace simulator
