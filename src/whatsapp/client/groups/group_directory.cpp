#include "whatsapp/client/groups/group_directory.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/query_budget.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using Group = GroupDirectory::Group;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kRecords = "group";
constexpr std::string_view kListedAt = "groups_listed_at";
constexpr std::string_view kDirtyAt = "groups_dirty_at";
constexpr std::size_t kPage = 64;
constexpr base::Duration kPatience = 20s;  // of a send that cannot go on without an answer

Node group_query(const Jid& group) {
  return Node("iq")
      .with("type", "get")
      .with("xmlns", "w:g2")
      .with("to", group)
      .add(Node("query").with("request", "interactive"));
}

Node participating_query() {
  return Node("iq")
      .with("type", "get")
      .with("xmlns", "w:g2")
      .with("to", Jid::service(binary::Server::kGroup))
      .add(Node("participating").add(Node("participants")).add(Node("description")));
}

std::int64_t read_time(const std::optional<base::Bytes>& value) {
  std::int64_t out = 0;
  if (!value) return out;
  const auto text = base::as_text(*value);
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

bool connection_ended(const base::Error& error) {
  return error.code == ErrorCode::kClosed || error.code == ErrorCode::kCancelled;
}

bool says_we_are_out(const base::Error& error) {
  return error.code == ErrorCode::kRejected &&
         (error.detail == 401 || error.detail == 403 || error.detail == 404);
}

}  // namespace

// ---- one group ----------------------------------------------------------------------------------------

Task<Result<Group>> GroupDirectory::known(std::string key) {
  if (const Group* group = groups_.find(key)) co_return *group;
  const std::uint64_t before = epoch_;
  auto query = [&key](DeviceStore& device) { return device.record(std::string{kRecords}, key); };
  WA_CO_TRY(const auto bytes, co_await parts_.outside.store.read(query));
  if (!bytes) co_return Group{};
  auto group = decode_group(*bytes);
  if (!group) co_return Group{};  // damaged: fetched again
  auto shared = std::make_shared<const GroupMetadata>(*std::move(group));
  if (before == epoch_) groups_.put(key, shared);
  co_return shared;
}

bool GroupDirectory::wants_refresh(const GroupMetadata& group) const {
  const std::int64_t age = parts_.connection.unix_seconds() - group.fetched_at;
  return group.stale || group.fetched_at < dirty_at_.value_or(0) || age < 0 || age >= kLife;
}

Task<Result<Group>> GroupDirectory::get(Jid group, Freshness freshness) {
  const CurrentConnection::Use use(parts_.connection);
  const std::string key = group.to_string();
  WA_CO_TRY_VOID(co_await learn_dates());
  WA_CO_TRY(Group old, co_await known(key));
  const bool refetch = freshness == Freshness::kRefetched;
  if (old && !refetch && !wants_refresh(*old)) co_return old;

  ChatOrder::Place place(fetching_, key);
  WA_CO_TRY_VOID(co_await place.wait());
  WA_CO_TRY(Group meanwhile, co_await known(key));
  // Somebody else asked while we waited for our turn.
  if (meanwhile && meanwhile != old && !wants_refresh(*meanwhile)) co_return meanwhile;
  auto fetched = co_await fetch(group, meanwhile != nullptr && !refetch);
  if (fetched || !meanwhile || connection_ended(fetched.error()) || says_we_are_out(fetched.error()))
    co_return fetched;
  parts_.outside.log.debug("a group could not be read anew; what is known is used",
                           {{"group", key}, {"error", fetched.error().message}});
  co_return meanwhile;
}

Task<Result<Group>> GroupDirectory::fetch(Jid group, bool has_old) {
  const std::uint64_t asked_at = epoch_;
  // Old metadata is better than a wait; without any, the caller has to.
  const base::Duration patience = has_old ? base::Duration::zero() : base::Duration{kPatience};
  auto query = group_query(group);
  const auto answer = co_await budgeted_query(parts_.connection, parts_.budget,
                                              QueryBudget::Kind::kGroupQuery, std::move(query), patience);
  if (!answer) {
    if (says_we_are_out(answer.error())) WA_CO_TRY_VOID(co_await forget(group));
    co_return fail(answer.error());
  }
  const Node* node = answer->child("group");
  if (node == nullptr) co_return fail(ErrorCode::kMalformed, "an answer about a group without a group");
  Node named = *node;
  if (!named.has_attr("id")) named.set("id", group);
  WA_CO_TRY(GroupMetadata read, read_group(named));
  if (read.id != group) co_return fail(ErrorCode::kMalformed, "an answer about another group");
  read.fetched_at = parts_.connection.unix_seconds();
  read.stale = asked_at != epoch_;  // a change came in between: right enough for now

  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await parts_.lids.learn(pairs_of(read.members), work.changes));
  Group kept = put(std::move(read), work.changes);
  WA_CO_TRY_VOID(co_await work.commit());
  co_return kept;
}

Group GroupDirectory::put(GroupMetadata group, Changes& changes) {
  const std::string key = group.id.to_string();
  changes.records.push_back({std::string{kRecords}, key, encode_group(group), 0});
  auto shared = std::make_shared<const GroupMetadata>(std::move(group));
  groups_.put(key, shared);
  return shared;
}

void GroupDirectory::drop(const std::string& key, Changes& changes) {
  groups_.erase(key);
  changes.records_dropped.push_back({std::string{kRecords}, key});
}

Task<Result<void>> GroupDirectory::keep(GroupMetadata group) {
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  ++epoch_;
  group.fetched_at = parts_.connection.unix_seconds();
  WA_CO_TRY_VOID(co_await parts_.lids.learn(pairs_of(group.members), work.changes));
  put(std::move(group), work.changes);
  co_return co_await work.commit();
}

Task<Result<void>> GroupDirectory::distrust(Jid group) {
  WA_CO_TRY(const Group old, co_await known(group.to_string()));
  if (!old || old->stale) co_return Result<void>{};
  GroupMetadata changed = *old;
  changed.stale = true;
  Changes changes;
  put(std::move(changed), changes);
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

Task<Result<void>> GroupDirectory::forget(Jid group) {
  Changes changes;
  ++epoch_;
  drop(group.to_string(), changes);
  keys_.throw_away(group.to_string(), changes);
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

Task<Result<void>> GroupDirectory::drop_device_lists(Jid group, Changes& changes) {
  WA_CO_TRY(const Group members, co_await known(group.to_string()));
  if (!members) co_return Result<void>{};
  std::vector<std::string> pn_users;
  for (const GroupMember& member : members->members)
    if (member.jid.is_pn()) pn_users.emplace_back(member.jid.user());
  WA_CO_TRY_VOID(co_await parts_.lids.prepare(std::move(pn_users)));
  for (const GroupMember& member : members->members)
    WA_CO_TRY_VOID(co_await parts_.directory.drop(member.jid, changes));
  co_return Result<void>{};
}

// ---- all of them --------------------------------------------------------------------------------------

Task<Result<void>> GroupDirectory::learn_dates() {
  if (dirty_at_) co_return Result<void>{};
  auto query = [](DeviceStore& device) -> Result<std::pair<std::int64_t, std::int64_t>> {
    WA_TRY(const auto listed, device.value(std::string{kListedAt}));
    WA_TRY(const auto dirty, device.value(std::string{kDirtyAt}));
    return std::pair{read_time(listed), read_time(dirty)};
  };
  WA_CO_TRY(const auto dates, co_await parts_.outside.store.read(query));
  listed_at_ = dates.first;
  dirty_at_ = dates.second;
  co_return Result<void>{};
}

Task<Result<std::vector<GroupMetadata>>> GroupDirectory::stored() {
  std::vector<GroupMetadata> out;
  std::string after;
  for (bool more = true; more;) {
    auto query = [&after](DeviceStore& device) {
      return device.records(std::string{kRecords}, after, kPage);
    };
    WA_CO_TRY(const auto page, co_await parts_.outside.store.read(query));
    more = page.size() == kPage;
    if (more) after = page.back().key;
    for (const auto& row : page)
      if (auto group = decode_group(row.value)) out.push_back(*std::move(group));
  }
  co_return out;
}

Task<Result<std::vector<GroupMetadata>>> GroupDirectory::all(Freshness freshness) {
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY_VOID(co_await learn_dates());
  const auto complete = [this] { return *listed_at_ != 0 && *listed_at_ >= *dirty_at_; };
  if (freshness == Freshness::kRefetched || !complete()) {
    const auto before = *listed_at_;
    WA_CO_TRY(auto turn, co_await listing_.lock());
    if (*listed_at_ == before || !complete()) {
      auto fetched = co_await fetch_all();
      // What we have is not all, or not sure; but the server does not say more now.
      if (fetched || !complete() || connection_ended(fetched.error())) co_return fetched;
    }
  }
  co_return co_await stored();
}

Task<Result<std::vector<GroupMetadata>>> GroupDirectory::fetch_all() {
  const std::uint64_t asked_at = epoch_;
  auto query = participating_query();
  WA_CO_TRY(const Node answer, co_await budgeted_query(parts_.connection, parts_.budget,
                                                       QueryBudget::Kind::kGroupList, std::move(query)));
  const Node* list = answer.child("groups");
  if (list == nullptr) co_return fail(ErrorCode::kMalformed, "a list of groups without groups");
  const std::int64_t now = parts_.connection.unix_seconds();
  std::vector<GroupMetadata> out;
  std::vector<store::LidMapping> pairs;
  for (const Node* node : list->children("group")) {
    auto group = read_group(*node);
    if (!group) continue;  // one bad group never spoils the list
    group->fetched_at = now;
    group->stale = asked_at != epoch_;
    auto told = pairs_of(group->members);
    pairs.insert(pairs.end(), told.begin(), told.end());
    out.push_back(*std::move(group));
  }
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await parts_.lids.learn(std::move(pairs), work.changes));
  groups_.clear();
  if (asked_at == epoch_) work.changes.records_dropped.push_back({std::string{kRecords}, ""});
  for (const GroupMetadata& group : out)
    work.changes.records.push_back({std::string{kRecords}, group.id.to_string(), encode_group(group), 0});
  work.changes.values.emplace_back(std::string{kListedAt}, base::to_bytes(std::to_string(now)));
  listed_at_ = now;
  WA_CO_TRY_VOID(co_await work.commit());
  co_return out;
}

Task<Result<void>> GroupDirectory::refresh(Node /*dirty*/) {
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY_VOID(co_await learn_dates());
  dirty_at_ = parts_.connection.unix_seconds();
  Changes changes;
  changes.values.emplace_back(std::string{kDirtyAt}, base::to_bytes(std::to_string(*dirty_at_)));
  WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  const auto fetched = co_await all(Freshness::kCached);
  if (!fetched) co_return fail(fetched.error());
  co_return Result<void>{};
}

// ---- notifications ------------------------------------------------------------------------------------

Task<Result<void>> GroupDirectory::take(const Node& notification, Changes& changes) {
  const auto from = notification.jid("from");
  if (!from || !from->is_group() || from->user().empty()) co_return Result<void>{};
  co_return co_await patch(notification, Tell::kYes, changes);
}

Task<Result<void>> GroupDirectory::changed_by_us(Jid group, Node change) {
  const Self& self = parts_.connection.self();
  auto notification = Node("notification")
                          .with("from", group)
                          .with("participant", self.lid.user().empty() ? self.pn : self.lid)
                          .add(std::move(change));
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await patch(notification, Tell::kNo, work.changes));
  co_return co_await work.commit();
}

Task<Result<void>> GroupDirectory::patch(const Node& notification, Tell tell, Changes& changes) {
  ++epoch_;
  const std::string key = notification.jid("from").value_or(Jid{}).bare().to_string();
  WA_CO_TRY(const Group before, co_await known(key));
  std::optional<GroupMetadata> group;
  if (before) group = *before;
  for (const Node& change : notification.children())
    WA_CO_TRY_VOID(co_await take_change(notification, change, tell, group, changes));
  if (group) {
    if (group->fetched_at == 0) group->fetched_at = parts_.connection.unix_seconds();
    put(*std::move(group), changes);
  } else if (before) {
    drop(key, changes);
  }
  co_return Result<void>{};
}

Task<Result<void>> GroupDirectory::take_change(const Node& notification, const Node& change, Tell tell,
                                               std::optional<GroupMetadata>& group, Changes& changes) {
  GroupEffect effect = apply_group_change(notification, change, parts_.connection.self(), group);
  WA_CO_TRY_VOID(co_await parts_.lids.learn(pairs_of(effect.members), changes));
  const std::string chat = effect.event.group.to_string();
  if (effect.fate == GroupEffect::Fate::kLeft) {
    keys_.throw_away(chat, changes);
  } else if (!effect.gone.empty()) {
    WA_CO_TRY_VOID(co_await keys_.throw_away_if_held(chat, std::move(effect.gone), changes));
  }
  if (tell == Tell::kNo) co_return Result<void>{};
  if (effect.event.at == 0) effect.event.at = parts_.connection.unix_seconds();
  parts_.outside.sink.stage_event(effect.event, changes);
  co_return Result<void>{};
}

}  // namespace whatsapp
