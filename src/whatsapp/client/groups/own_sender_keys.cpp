#include "whatsapp/client/groups/own_sender_keys.h"

#include <algorithm>
#include <map>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/usync.h"
#include "whatsapp/signal/group_cipher.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using signal::Address;
using signal::Domain;
using signal::SenderKeyRecord;
using store::Changes;
using store::DeviceStore;

namespace {

constexpr std::string_view kChats = "sender_key_chat";
constexpr std::size_t kPage = 1000;

std::string marks_of(const std::string& chat) { return "sender_key_mark:" + chat; }

/// A mark is worth something only for the key that it names; imported ones name none.
bool names_key(const base::Bytes& value, std::uint32_t key_id) {
  return value.empty() || (value.size() == 4 && base::read_big_endian(base::ByteView{value}) == key_id);
}

Result<std::vector<store::RecordRow>> read_all(DeviceStore& device, const std::string& kind) {
  std::vector<store::RecordRow> out;
  std::string after;
  for (;;) {
    WA_TRY(auto page, device.records(kind, after, kPage));
    const bool last = page.size() < kPage;
    if (!page.empty()) after = page.back().key;
    std::ranges::move(page, std::back_inserter(out));
    if (last) return out;
  }
}

/// The marks of one user's devices: keys "user:…" and "user_domain:…".
Result<std::vector<std::string>> marks_of_user(DeviceStore& device, const std::string& chat,
                                               const std::string& user) {
  std::vector<std::string> out;
  for (const char next : {':', '_'}) {
    const std::string prefix = user + next;
    std::string after = prefix;
    for (bool more = true; more;) {
      WA_TRY(const auto page, device.records(marks_of(chat), after, kPage));
      more = page.size() == kPage;
      for (const auto& row : page) {
        if (!row.key.starts_with(prefix)) {
          more = false;
          break;
        }
        out.push_back(row.key);
        after = row.key;
      }
    }
  }
  return out;
}

Result<bool> any_has_mark(DeviceStore& device, const std::string& chat,
                          const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    WA_TRY(const auto mark, device.record(marks_of(chat), key));
    if (mark) return true;
  }
  return false;
}

}  // namespace

std::uint32_t OwnSenderKeys::Key::id() const { return record.own() == nullptr ? 0 : record.own()->id; }

/// Our own key always lives under our own LID, whatever form the group uses.
Address OwnSenderKeys::own_address() const {
  const Self& self = parts_.connection.self();
  return address_of(self.lid.user().empty() ? self.pn : self.lid).value_or(Address{});
}

Task<Result<SenderKeyRecord>> OwnSenderKeys::current(std::string chat) {
  const Address own = own_address();
  const Address by_number = address_of(parts_.connection.self().pn).value_or(own);
  auto query = [&](DeviceStore& device) -> Result<std::optional<base::Bytes>> {
    WA_TRY(auto found, device.sender_key(chat, own));
    if (found || by_number == own) return found;
    return device.sender_key(chat, by_number);  // from before the LID, or imported
  };
  WA_CO_TRY(const auto bytes, co_await parts_.outside.store.read(query));
  if (!bytes) co_return SenderKeyRecord{};
  auto record = SenderKeyRecord::parse(*bytes);
  if (!record) co_return SenderKeyRecord{};  // damaged: a new one is made
  co_return *std::move(record);
}

Task<Result<OwnSenderKeys::Key>> OwnSenderKeys::key_for(std::string chat, const std::vector<Address>& devices,
                                                        Changes& changes) {
  Key key;
  WA_CO_TRY(key.record, co_await current(chat));
  if (key.record.own() != nullptr && key.record.own()->chain.index < kMaxIterations) {
    auto query = [&chat](DeviceStore& device) { return read_all(device, marks_of(chat)); };
    WA_CO_TRY(const auto rows, co_await parts_.outside.store.read(query));
    bool imported = false;
    for (const auto& row : rows) {
      if (names_key(row.value, key.id())) key.marked.insert(row.key);
      imported = imported || row.value.empty();
    }
    if (imported) changes.records.push_back({std::string{kChats}, chat, {}, 0});
    WA_CO_TRY(key.marked, co_await under_present_names(chat, std::move(key.marked), key.id(), changes));
    Addresses present;
    for (const Address& device : devices) present.insert(device.to_text());
    if (std::ranges::includes(present, key.marked)) co_return key;
    parts_.outside.log.info("somebody who has our sender key is gone: a new key", {{"group", chat}});
  }
  throw_away(chat, changes);
  key = {};
  signal::create_sender_key(key.record, parts_.outside.random);
  store(chat, key.record, changes);
  changes.records.push_back({std::string{kChats}, chat, {}, 0});
  co_return key;
}

/// Marks made under a number whose LID has been learned since are moved to it.
Task<Result<OwnSenderKeys::Addresses>> OwnSenderKeys::under_present_names(std::string chat, Addresses marked,
                                                                          std::uint32_t key_id,
                                                                          Changes& changes) {
  std::vector<Address> by_number;
  std::vector<std::string> users;
  for (const std::string& text : marked) {
    auto address = Address::parse(text);
    if (!address || !is_pn(address->domain)) continue;
    users.push_back(address->user);
    by_number.push_back(*std::move(address));
  }
  WA_CO_TRY_VOID(co_await parts_.lids.prepare(std::move(users)));
  for (const Address& old : by_number) {
    WA_CO_TRY(const auto lid, co_await parts_.lids.lid_of(old.user));
    if (!lid) continue;
    const Address now = under_lid(old, *lid);
    marked.erase(old.to_text());
    marked.insert(now.to_text());
    changes.records_dropped.push_back({marks_of(chat), old.to_text()});
    const std::vector<Address> moved{now};
    mark(chat, moved, key_id, changes);
  }
  co_return marked;
}

void OwnSenderKeys::store(const std::string& chat, const SenderKeyRecord& record, Changes& changes) const {
  const Address own = own_address();
  changes.sender_keys.emplace_back(std::pair{chat, own}, record.serialize());
  const Address by_number = address_of(parts_.connection.self().pn).value_or(own);
  if (by_number != own) changes.sender_keys.emplace_back(std::pair{chat, by_number}, std::nullopt);
}

void OwnSenderKeys::throw_away(const std::string& chat, Changes& changes) const {
  const Address own = own_address();
  changes.sender_keys.emplace_back(std::pair{chat, own}, std::nullopt);
  const Address by_number = address_of(parts_.connection.self().pn).value_or(own);
  if (by_number != own) changes.sender_keys.emplace_back(std::pair{chat, by_number}, std::nullopt);
  forget_marks(chat, changes);
  changes.records_dropped.push_back({std::string{kChats}, chat});
}

void OwnSenderKeys::forget_marks(const std::string& chat, Changes& changes) {
  changes.records_dropped.push_back({marks_of(chat), ""});
}

void OwnSenderKeys::forget_mark(const std::string& chat, const Address& device, Changes& changes) const {
  changes.records_dropped.push_back({marks_of(chat), device.to_text()});
}

void OwnSenderKeys::mark(const std::string& chat, const std::vector<Address>& devices, std::uint32_t key_id,
                         Changes& changes) {
  const auto value = base::big_endian<4>(key_id);
  for (const Address& device : devices)
    changes.records.push_back({marks_of(chat), device.to_text(), base::to_bytes(base::ByteView{value}), 0});
}

// ---- who is gone --------------------------------------------------------------------------------------

/// The users under which an account may be marked: its number, its LID.
Task<Result<std::vector<std::string>>> OwnSenderKeys::both_users(Jid account) {
  const Jid bare = account.normalized().account();
  std::vector<std::string> out{std::string{bare.user()}};
  if (bare.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(out.front()));
    if (pn) out.push_back(*pn);
  } else if (bare.is_pn()) {
    WA_CO_TRY(const auto lid, co_await parts_.lids.lid_of(out.front()));
    if (lid) out.push_back(*lid);
  }
  co_return out;
}

Task<Result<void>> OwnSenderKeys::throw_away_if_held(std::string chat, std::vector<GroupMember> people,
                                                     Changes& changes) {
  std::vector<std::string> users;
  for (const GroupMember& person : people) {
    WA_CO_TRY(auto names, co_await both_users(person.jid));
    if (person.other_form) names.emplace_back(person.other_form->user());
    users.insert(users.end(), names.begin(), names.end());
  }
  auto query = [&](DeviceStore& device) -> Result<bool> {
    for (const std::string& user : users) {
      WA_TRY(const auto marks, marks_of_user(device, chat, user));
      if (!marks.empty()) return true;
    }
    return false;
  };
  WA_CO_TRY(const bool held, co_await parts_.outside.store.read(query));
  if (held) throw_away(chat, changes);
  co_return Result<void>{};
}

Task<Result<void>> OwnSenderKeys::take(const Node& notification, Changes& changes) {
  const auto from = notification.jid("from");
  if (!from || (!from->is_pn() && !from->is_lid())) co_return Result<void>{};
  if (notification.attr_is("type", "devices")) co_return co_await devices_removed(notification, changes);
  if (notification.child("identity") != nullptr && from->device() == 0)
    co_return co_await registered_anew(notification, changes);
  co_return Result<void>{};
}

/// A device that had the key must not read on, and one that comes back under its number has no key.
Task<Result<void>> OwnSenderKeys::devices_removed(const Node& notification, Changes& changes) {
  std::vector<std::uint16_t> removed;
  for (const Node* remove : notification.children("remove"))
    for (const auto& device : read_devices(*remove)) removed.push_back(device.id);
  if (removed.empty()) co_return Result<void>{};
  WA_CO_TRY(const auto users, co_await both_users(*notification.jid("from")));
  std::vector<std::string> keys;
  for (const std::string& user : users)
    for (const std::uint16_t device : removed)
      for (const Domain domain : {Domain::kPn, Domain::kLid, Domain::kHosted, Domain::kHostedLid})
        keys.push_back(Address{user, domain, device}.to_text());

  auto query = [&keys](DeviceStore& device) -> Result<std::vector<std::string>> {
    std::vector<std::string> held;
    WA_TRY(const auto chats, read_all(device, std::string{kChats}));
    for (const auto& chat : chats) {
      WA_TRY(const bool has_it, any_has_mark(device, chat.key, keys));
      if (has_it) held.push_back(chat.key);
    }
    return held;
  };
  WA_CO_TRY(const auto held, co_await parts_.outside.store.read(query));
  for (const std::string& chat : held) throw_away(chat, changes);
  co_return Result<void>{};
}

/// The same person with new devices: they need the key, but nobody else got hold of it.
Task<Result<void>> OwnSenderKeys::registered_anew(const Node& notification, Changes& changes) {
  WA_CO_TRY(const auto users, co_await both_users(*notification.jid("from")));
  using Marks = std::vector<std::pair<std::string, std::string>>;  // chat, device
  auto query = [&users](DeviceStore& device) -> Result<Marks> {
    Marks marks;
    WA_TRY(const auto chats, read_all(device, std::string{kChats}));
    for (const auto& chat : chats)
      for (const std::string& user : users) {
        WA_TRY(const auto keys, marks_of_user(device, chat.key, user));
        for (const std::string& key : keys) marks.emplace_back(chat.key, key);
      }
    return marks;
  };
  WA_CO_TRY(const Marks marks, co_await parts_.outside.store.read(query));
  for (const auto& [chat, key] : marks) changes.records_dropped.push_back({marks_of(chat), key});
  co_return Result<void>{};
}

}  // namespace whatsapp
