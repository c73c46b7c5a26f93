#include "whatsapp/store/memory_device_store.h"

#include <algorithm>

#include "whatsapp/store/retention.h"

namespace whatsapp::store {
namespace {

template <class Map, class Key>
std::optional<typename Map::mapped_type> find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

template <class Map, class Puts>
void put_or_erase(Map& map, const Puts& puts) {
  for (const auto& [key, value] : puts) {
    if (value) {
      map.insert_or_assign(key, *value);
    } else {
      map.erase(key);
    }
  }
}

/// Drops what is older than `horizon`, then the oldest beyond `kept`.
template <class Map, class TimeOf>
void expire(Map& map, UnixSeconds horizon, std::size_t kept, TimeOf time_of) {
  std::erase_if(map, [&](const auto& entry) { return time_of(entry.second) < horizon; });
  if (map.size() <= kept) return;
  std::vector<UnixSeconds> times;
  for (const auto& [key, value] : map) times.push_back(time_of(value));
  std::ranges::nth_element(times, times.end() - static_cast<std::ptrdiff_t>(kept));
  const UnixSeconds oldest_kept = *(times.end() - static_cast<std::ptrdiff_t>(kept));
  std::erase_if(map, [&](const auto& entry) { return time_of(entry.second) < oldest_kept; });
}

}  // namespace

Result<void> MemoryDeviceStore::commit(const Changes& changes) {
  if (commit_error_) return base::fail(*commit_error_);
  ++commits_;
  if (changes.credentials) link_.credentials = changes.credentials;
  put_or_erase(link_.sessions, changes.sessions);
  put_or_erase(link_.identities, changes.identities);
  put_or_erase(link_.sender_keys, changes.sender_keys);
  put_pre_keys(changes);
  put_directory(changes);
  put_message_memory(changes);
  put_journals(changes);
  put_or_erase(link_.values, changes.values);
  put_records(changes);
  return {};
}

void MemoryDeviceStore::put_pre_keys(const Changes& changes) {
  for (const auto& row : changes.pre_keys) link_.pre_keys.insert_or_assign(row.key.id, row);
  for (const auto id : changes.pre_keys_confirmed) {
    const auto found = link_.pre_keys.find(id);
    if (found != link_.pre_keys.end() && found->second.upload == PreKeyRow::Upload::kPending)
      found->second.upload = PreKeyRow::Upload::kConfirmed;
  }
  for (const auto id : changes.pre_keys_used) link_.pre_keys.erase(id);
  for (const auto& key : changes.signed_pre_keys) link_.signed_pre_keys.insert_or_assign(key.id, key);
}

void MemoryDeviceStore::put_directory(const Changes& changes) {
  for (const auto& [pn, lid] : changes.lid_mappings) {
    if (const auto old_lid = find(link_.lid_by_pn, pn)) link_.pn_by_lid.erase(*old_lid);
    if (const auto old_pn = find(link_.pn_by_lid, lid)) link_.lid_by_pn.erase(*old_pn);
    link_.lid_by_pn.insert_or_assign(pn, lid);
    link_.pn_by_lid.insert_or_assign(lid, pn);
  }
  if (changes.all_device_lists_dropped) link_.device_lists.clear();
  for (const auto& user : changes.device_lists_dropped) link_.device_lists.erase(user);
  for (const auto& row : changes.device_lists) link_.device_lists.insert_or_assign(row.user, row);
}

void MemoryDeviceStore::put_message_memory(const Changes& changes) {
  for (const auto& row : changes.sent_messages) link_.sent_messages.insert_or_assign(row.id, row);
  for (const auto& row : changes.seen_messages)
    link_.seen_messages.emplace(MessageName{row.chat, row.sender, row.id}, row.seen_at);
  for (const auto& row : changes.retry_counters) link_.retry_counters.insert_or_assign(row.key, row);
}

void MemoryDeviceStore::put_journals(const Changes& changes) {
  for (const auto& row : changes.outbound) outbound_.insert_or_assign(row.queue_id, row);
  for (auto row : changes.inbound) {
    row.sequence = ++last_sequence_;
    inbound_.emplace(row.sequence, std::move(row));
  }
  for (const auto sequence : changes.inbound_delivered) inbound_.erase(sequence);
  for (auto row : changes.events) {
    row.sequence = ++last_event_;
    events_.emplace(row.sequence, std::move(row));
  }
  for (const auto sequence : changes.events_delivered) events_.erase(sequence);
}

void MemoryDeviceStore::put_records(const Changes& changes) {
  for (const auto& dropped : changes.records_dropped)
    std::erase_if(link_.records, [&](const auto& entry) {
      const auto& [kind, key] = entry.first;
      return kind == dropped.kind && (dropped.key.empty() || key == dropped.key);
    });
  for (const auto& row : changes.records) link_.records.insert_or_assign(std::pair{row.kind, row.key}, row);
}

Result<std::optional<DeviceCredentials>> MemoryDeviceStore::credentials() { return link_.credentials; }

Result<std::optional<Bytes>> MemoryDeviceStore::session(const signal::Address& address) {
  return find(link_.sessions, address);
}

Result<std::vector<std::optional<Bytes>>> MemoryDeviceStore::sessions(
    std::span<const signal::Address> addresses) {
  std::vector<std::optional<Bytes>> found;
  for (const auto& address : addresses) found.push_back(find(link_.sessions, address));
  return found;
}

Result<std::vector<signal::Address>> MemoryDeviceStore::session_addresses(const std::string& user,
                                                                          signal::Domain domain) {
  std::vector<signal::Address> found;
  for (const auto& [address, record] : link_.sessions)
    if (address.user == user && address.domain == domain) found.push_back(address);
  return found;
}

Result<std::optional<IdentityRow>> MemoryDeviceStore::identity(const signal::Address& address) {
  return find(link_.identities, address);
}

Result<std::optional<PreKeyRow>> MemoryDeviceStore::pre_key(std::uint32_t id) {
  return find(link_.pre_keys, id);
}

Result<std::vector<PreKeyRow>> MemoryDeviceStore::pending_pre_keys(std::size_t limit) {
  std::vector<PreKeyRow> found;
  for (const auto& [id, row] : link_.pre_keys)
    if (row.upload == PreKeyRow::Upload::kPending && found.size() < limit) found.push_back(row);
  return found;
}

Result<std::size_t> MemoryDeviceStore::confirmed_pre_key_count() {
  return static_cast<std::size_t>(std::ranges::count_if(
      link_.pre_keys, [](const auto& entry) { return entry.second.upload != PreKeyRow::Upload::kPending; }));
}

Result<std::optional<signal::SignedPreKey>> MemoryDeviceStore::signed_pre_key(std::uint32_t id) {
  return find(link_.signed_pre_keys, id);
}

Result<std::optional<Bytes>> MemoryDeviceStore::sender_key(const std::string& group,
                                                           const signal::Address& sender) {
  return find(link_.sender_keys, SenderKeyName{group, sender});
}

Result<std::optional<std::string>> MemoryDeviceStore::lid_of(const std::string& pn_user) {
  return find(link_.lid_by_pn, pn_user);
}

Result<std::optional<std::string>> MemoryDeviceStore::pn_of(const std::string& lid_user) {
  return find(link_.pn_by_lid, lid_user);
}

Result<std::optional<DeviceListRow>> MemoryDeviceStore::device_list(const std::string& user) {
  return find(link_.device_lists, user);
}

Result<std::optional<SentMessageRow>> MemoryDeviceStore::sent_message(const std::string& id) {
  return find(link_.sent_messages, id);
}

Result<bool> MemoryDeviceStore::seen(const std::string& chat, const std::string& sender,
                                     const std::string& id) {
  return link_.seen_messages.contains(MessageName{chat, sender, id});
}

Result<std::optional<RetryCounter>> MemoryDeviceStore::retry_counter(const std::string& key) {
  return find(link_.retry_counters, key);
}

Result<std::optional<OutboundRow>> MemoryDeviceStore::outbound(const std::string& queue_id) {
  return find(outbound_, queue_id);
}

Result<std::optional<OutboundRow>> MemoryDeviceStore::outbound_by_message_id(
    const std::string& wa_message_id) {
  for (const auto& [id, row] : outbound_)
    if (row.wa_message_id == wa_message_id) return row;
  return std::nullopt;
}

Result<std::vector<OutboundRow>> MemoryDeviceStore::unmarked_outbound() {
  std::vector<OutboundRow> found;
  for (const auto& [id, row] : outbound_)
    if (row.state < OutboundRow::State::kMarked) found.push_back(row);
  std::ranges::stable_sort(found, {}, &OutboundRow::order);
  return found;
}

Result<std::vector<InboundRow>> MemoryDeviceStore::inbound_page(std::int64_t after, std::size_t limit) {
  std::vector<InboundRow> page;
  for (auto next = inbound_.upper_bound(after); next != inbound_.end() && page.size() < limit; ++next)
    page.push_back(next->second);
  return page;
}

Result<InboundBacklog> MemoryDeviceStore::inbound_backlog() {
  InboundBacklog backlog;
  for (const auto& [sequence, row] : inbound_) {
    ++backlog.rows;
    backlog.bytes += row.payload.size();
  }
  return backlog;
}

Result<std::optional<Bytes>> MemoryDeviceStore::value(const std::string& name) {
  return find(link_.values, name);
}

Result<std::vector<EventRow>> MemoryDeviceStore::events_page(std::int64_t after, std::size_t limit) {
  std::vector<EventRow> page;
  for (auto next = events_.upper_bound(after); next != events_.end() && page.size() < limit; ++next)
    page.push_back(next->second);
  return page;
}

Result<std::uint64_t> MemoryDeviceStore::event_count() { return events_.size(); }

Result<std::optional<Bytes>> MemoryDeviceStore::record(const std::string& kind, const std::string& key) {
  const auto found = link_.records.find({kind, key});
  if (found == link_.records.end()) return std::nullopt;
  return found->second.value;
}

Result<std::vector<RecordRow>> MemoryDeviceStore::records(const std::string& kind,
                                                          const std::string& after_key, std::size_t limit) {
  std::vector<RecordRow> page;
  for (auto next = link_.records.upper_bound({kind, after_key});
       next != link_.records.end() && next->first.first == kind && page.size() < limit; ++next)
    page.push_back(next->second);
  return page;
}

Result<std::uint64_t> MemoryDeviceStore::record_count(const std::string& kind) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(link_.records, [&](const auto& entry) { return entry.first.first == kind; }));
}

Result<void> MemoryDeviceStore::purge(UnixSeconds now) {
  using namespace retention;
  expire(link_.seen_messages, now - kSeenMessageLife, kSeenMessagesKept, [](UnixSeconds at) { return at; });
  expire(link_.sent_messages, now - kSentMessageLife, kSentMessagesKept,
         [](const SentMessageRow& row) { return row.sent_at; });
  expire(link_.retry_counters, now - kRetryCounterLife, kRetryCountersKept,
         [](const RetryCounter& row) { return row.updated_at; });
  std::erase_if(link_.records, [&](const auto& entry) {
    return entry.second.expires_at > 0 && entry.second.expires_at < now;
  });
  std::erase_if(outbound_, [&](const auto& entry) {
    return entry.second.state >= OutboundRow::State::kMarked &&
           entry.second.updated_at < now - kMarkedOutboundLife;
  });
  return {};
}

Result<void> MemoryDeviceStore::forget_link(const std::optional<std::string>&) {
  link_ = {};
  for (auto& [id, row] : outbound_) row.stanza.clear();
  return {};
}

}  // namespace whatsapp::store
