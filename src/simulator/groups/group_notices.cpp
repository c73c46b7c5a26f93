#include "simulator/groups/group_notices.h"

namespace simulator {

std::vector<Account*> accounts_of(const Group& group) {
  std::vector<Account*> accounts;
  for (const Member& member : group.members) accounts.push_back(member.account);
  return accounts;
}

void GroupNotices::tell(const Group& group, const Account& author, Node change) {
  tell(group, author, std::move(change), accounts_of(group));
}

void GroupNotices::tell(const Group& group, const Account& author, Node change,
                        std::vector<Account*> audience) {
  const bool lid = group.addressing == Addressing::kLid;
  Node notice = Node("notification")
                    .with("type", "w:gp2")
                    .with("from", group.jid)
                    .with("t", state_.now())
                    .with("participant", author.jid(group.addressing))
                    .with("addressing_mode", lid ? "lid" : "pn");
  if (lid) notice.set("participant_pn", author.pn());
  if (!author.push_name.empty()) notice.set("notify", author.push_name);
  notice.add_child(std::move(change));
  state_.timers.soon([this, notice = std::move(notice), audience = std::move(audience)] {
    for (const Account* account : audience) {
      for (const auto& [id, device] : account->devices) {
        Node copy = notice;
        copy.set("id", state_.next_id());
        delivery_.deliver(*device, std::move(copy));
      }
    }
    state_.changed();
  });
}

}  // namespace simulator
