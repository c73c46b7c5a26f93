#include "edge/contact_resolver.h"

#include <algorithm>

namespace edge {
namespace {

std::string key_of(const ContactQuery& query) { return query.instance_id + '\n' + query.jid; }

std::optional<std::string> known(const std::string& contact_id) {
  if (contact_id.empty()) return std::nullopt;
  return contact_id;
}

}  // namespace

ContactResolver::ContactResolver(runtime::EventLoop& loop, Edge& edge, ContactResolverSettings settings)
    : loop_(loop), edge_(edge), settings_(settings), scope_(loop) {}

std::optional<std::string> ContactResolver::lookup(const ContactQuery& query) {
  const auto key = key_of(query);
  if (const Entry* entry = find_fresh(key)) return known(entry->contact_id);
  if (running_ >= settings_.max_running || scope_.cancelled()) return std::nullopt;
  return known(start(query, key).contact_id);
}

runtime::Task<std::optional<std::string>> ContactResolver::resolve(ContactQuery query,
                                                                   base::Duration patience) {
  const auto key = key_of(query);
  Entry* entry = find_fresh(key);
  if (entry == nullptr) {
    if (running_ >= settings_.max_running || scope_.cancelled()) co_return std::nullopt;
    entry = &start(query, key);
  }
  if (!entry->asking) co_return known(entry->contact_id);

  runtime::OneShot<runtime::Done> answered(loop_);
  entry->waiters.push_back(&answered);
  (void)co_await answered.wait_for(patience);
  const auto found = index_.find(key);
  if (found == index_.end()) co_return std::nullopt;
  std::erase(found->second->waiters, &answered);
  co_return known(found->second->contact_id);
}

// Entries being asked for count as fresh: they answer "nothing yet".
ContactResolver::Entry* ContactResolver::find_fresh(const std::string& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  Entry& entry = *found->second;
  return entry.asking || loop_.clock().now() < entry.expires ? &entry : nullptr;
}

ContactResolver::Entry& ContactResolver::start(const ContactQuery& query, const std::string& key) {
  auto found = index_.find(key);
  if (found == index_.end()) {
    entries_.push_front(Entry{.key = key, .contact_id = {}, .waiters = {}});
    found = index_.emplace(key, entries_.begin()).first;
    evict();
  }
  Entry& entry = *found->second;
  entry.asking = true;
  scope_.spawn(ask(query, key));
  return entry;
}

runtime::Task<void> ContactResolver::ask(ContactQuery query, std::string key) {
  ++running_;
  Call call;
  const auto answer = co_await edge_.resolve_contact(std::move(query), std::move(call));
  --running_;
  if (const auto found = index_.find(key); found != index_.end()) settle(*found->second, answer);
}

void ContactResolver::settle(Entry& entry, const base::Result<std::string>& answer) {
  auto ttl = settings_.error_ttl;
  if (answer) {
    entry.contact_id = *answer;
    ttl = settings_.success_ttl;
  } else if (answer.error().code == base::ErrorCode::kConflict) {
    ttl = settings_.duplicate_ttl;
  }
  // An id that we had stays usable while the edge cannot confirm it.
  entry.asking = false;
  entry.expires = loop_.clock().now() + ttl;
  for (auto* waiter : entry.waiters) waiter->set(runtime::Done{});
  entry.waiters.clear();
}

void ContactResolver::evict() {
  for (auto last = entries_.end(); entries_.size() > settings_.max_entries && last != entries_.begin();) {
    --last;
    if (last->asking || last == entries_.begin()) continue;  // at most max_running of them
    index_.erase(last->key);
    last = entries_.erase(last);
  }
}

runtime::Task<void> ContactResolver::close() { co_await scope_.close(); }

}  // namespace edge
