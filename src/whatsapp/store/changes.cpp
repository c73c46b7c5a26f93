#include <algorithm>
#include <iterator>

#include "whatsapp/store/device_store.h"

namespace whatsapp::store {
namespace {

template <class T>
void append(std::vector<T>& earlier, std::vector<T>& later) {
  if (earlier.empty()) {
    earlier = std::move(later);
  } else {
    earlier.insert(earlier.end(), std::make_move_iterator(later.begin()),
                   std::make_move_iterator(later.end()));
  }
}

/// A pre-key that is put again (its id has come round) is neither used nor confirmed any more.
void forget_end_of(std::vector<std::uint32_t>& ids, const std::vector<PreKeyRow>& put_again) {
  if (put_again.empty()) return;
  std::erase_if(ids, [&](std::uint32_t id) {
    return std::ranges::any_of(put_again, [&](const PreKeyRow& row) { return row.key.id == id; });
  });
}

/// A list dropped later must not come back because it was put earlier in the same batch.
void drop_device_lists(std::vector<DeviceListRow>& lists, const Changes& later) {
  if (later.all_device_lists_dropped) lists.clear();
  std::erase_if(lists, [&](const DeviceListRow& row) {
    return std::ranges::find(later.device_lists_dropped, row.user) != later.device_lists_dropped.end();
  });
}

void drop_records(std::vector<RecordRow>& records, const std::vector<RecordName>& dropped) {
  if (dropped.empty()) return;
  std::erase_if(records, [&](const RecordRow& row) {
    return std::ranges::any_of(dropped, [&](const RecordName& name) {
      return row.kind == name.kind && (name.key.empty() || row.key == name.key);
    });
  });
}

}  // namespace

bool Changes::empty() const {
  return !credentials && sessions.empty() && identities.empty() && pre_keys.empty() &&
         pre_keys_used.empty() && pre_keys_confirmed.empty() && signed_pre_keys.empty() &&
         sender_keys.empty() && lid_mappings.empty() && device_lists.empty() &&
         device_lists_dropped.empty() && !all_device_lists_dropped && sent_messages.empty() &&
         seen_messages.empty() && retry_counters.empty() && outbound.empty() && inbound.empty() &&
         inbound_delivered.empty() && events.empty() && events_delivered.empty() && values.empty() &&
         records_dropped.empty() && records.empty();
}

void Changes::merge(Changes&& later) {
  if (later.credentials) credentials = std::move(later.credentials);
  forget_end_of(pre_keys_used, later.pre_keys);
  forget_end_of(pre_keys_confirmed, later.pre_keys);
  drop_device_lists(device_lists, later);
  drop_records(records, later.records_dropped);
  all_device_lists_dropped = all_device_lists_dropped || later.all_device_lists_dropped;

  append(sessions, later.sessions);
  append(identities, later.identities);
  append(pre_keys, later.pre_keys);
  append(pre_keys_used, later.pre_keys_used);
  append(pre_keys_confirmed, later.pre_keys_confirmed);
  append(signed_pre_keys, later.signed_pre_keys);
  append(sender_keys, later.sender_keys);
  append(lid_mappings, later.lid_mappings);
  append(device_lists, later.device_lists);
  append(device_lists_dropped, later.device_lists_dropped);
  append(sent_messages, later.sent_messages);
  append(seen_messages, later.seen_messages);
  append(retry_counters, later.retry_counters);
  append(outbound, later.outbound);
  append(inbound, later.inbound);
  append(inbound_delivered, later.inbound_delivered);
  append(events, later.events);
  append(events_delivered, later.events_delivered);
  append(values, later.values);
  append(records_dropped, later.records_dropped);
  append(records, later.records);
}

}  // namespace whatsapp::store
