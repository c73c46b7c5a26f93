#include "whatsapp/client/profile/blocklist.h"

#include <utility>

#include "whatsapp/client/addresses.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;

namespace {

constexpr std::string_view kRecords = "blocked";  // by JID; the list's hash under ""
constexpr std::size_t kMostBlocked = 10'000;

Node blocklist_iq(std::string_view type) {
  return Node("iq").with("xmlns", "blocklist").with("type", type).with("to", Jid::service());
}

void put(const Jid& who, Changes& changes) {
  changes.records.push_back({std::string{kRecords}, who.to_string(), {}, 0});
}

void put_hash(const std::string& hash, Changes& changes) {
  changes.records.push_back({std::string{kRecords}, "", base::to_bytes(std::string_view{hash}), 0});
}

std::optional<Jid> person(const Node& item) {
  const auto jid = item.jid("jid");
  if (!jid || jid->user().empty()) return std::nullopt;
  return jid->normalized().account();
}

}  // namespace

Task<Result<std::vector<Jid>>> Blocklist::fetch() {
  WA_CO_TRY(const Node answer, co_await parts_.connection.query(blocklist_iq("get")));
  co_return co_await take_list(answer);
}

Task<Result<std::vector<Jid>>> Blocklist::take_list(const Node& answer) {
  std::vector<Jid> out;
  Changes changes;
  changes.records_dropped.push_back({std::string{kRecords}, ""});
  if (const Node* list = answer.child("list")) {
    for (const Node* item : list->children("item")) {
      const auto jid = person(*item);
      if (!jid || out.size() >= kMostBlocked) continue;
      out.push_back(*jid);
      put(*jid, changes);
    }
    put_hash(list->attr("dhash").value_or(""), changes);
  }
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  co_return out;
}

Task<Result<void>> Blocklist::block(Jid who) { return change(std::move(who), Action::kBlock); }
Task<Result<void>> Blocklist::unblock(Jid who) { return change(std::move(who), Action::kUnblock); }

Task<Result<void>> Blocklist::change(Jid who, Action action) {
  const Jid account = who.normalized().account();
  if (account.user().empty() || (!account.is_pn() && !account.is_lid()))
    co_return fail(ErrorCode::kInvalidArgument, "only people can be blocked");
  WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(account));
  Node item("item");
  item.set("action", action == Action::kBlock ? "block" : "unblock");
  item.set("jid", canonical);
  if (canonical.is_lid() && action == Action::kBlock) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(canonical.user())));
    pn ? item.set("pn_jid", pn_jid(*pn)) : item.set("unknown_identifier", "true");
  }
  WA_CO_TRY(const Node answer, co_await parts_.connection.query(blocklist_iq("set").add(std::move(item))));
  if (answer.child("list") != nullptr) {
    WA_CO_TRY_VOID(co_await take_list(answer));
  } else {
    WA_CO_TRY_VOID(co_await fetch());
  }
  co_return Result<void>{};
}

Task<Result<bool>> Blocklist::is_blocked(Jid who) {
  const Jid account = who.normalized().account();
  std::vector<std::string> names{account.to_string()};
  if (account.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(account.user())));
    if (pn) names.push_back(pn_jid(*pn).to_string());
  } else {
    WA_CO_TRY(const Jid canonical, co_await parts_.lids.canonical(account));
    names.push_back(canonical.to_string());
  }
  auto query = [&names](DeviceStore& device) -> Result<bool> {
    for (const std::string& name : names) {
      WA_TRY(const auto found, device.record(std::string{kRecords}, name));
      if (found) return true;
    }
    return false;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<Blocklist::Applied>> Blocklist::apply(const Node& change, Changes& changes) {
  const auto before = change.attr("prev_dhash");
  const auto after = change.attr("dhash");
  auto query = [](DeviceStore& device) { return device.record(std::string{kRecords}, ""); };
  WA_CO_TRY(const auto stored, co_await parts_.outside.store.read(query));
  const auto items = change.children("item");
  if (items.empty() || !before || !after || !stored || base::to_string(*stored) != *before)
    co_return Applied::kFetchAnew;
  for (const Node* item : items) {
    const auto who = person(*item);
    if (!who) continue;
    if (item->attr_is("action", "unblock"))
      changes.records_dropped.push_back({std::string{kRecords}, who->to_string()});
    else
      put(*who, changes);
  }
  put_hash(*after, changes);
  co_return Applied::kYes;
}

void Blocklist::refresh() {
  if (parts_.connection.attached()) parts_.connection.scope().spawn(fetch_quietly());
}

Task<void> Blocklist::fetch_quietly() {
  const auto fetched = co_await fetch();
  if (!fetched) parts_.outside.log.debug("the block list is not known", {{"error", fetched.error().message}});
}

}  // namespace whatsapp
