// Contact ids for inbound messages, without ever holding a message up. Answers of POST /contacts/resolve are
// remembered: success for 24 hours, "being created just now" for 5 minutes, errors for 1 minute. What is not
// remembered is asked for in the background, so the next message of that contact has it.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task_scope.h"

namespace edge {

struct ContactResolverSettings {
  std::size_t max_entries = 4096;  // least recently used go first
  std::size_t max_running = 8;     // requests side by side; more are skipped, not queued
  base::Duration success_ttl{24 * 3'600'000};
  base::Duration duplicate_ttl{300'000};
  base::Duration error_ttl{60'000};
};

/// One per shard; not thread-safe.
class ContactResolver {
 public:
  ContactResolver(runtime::EventLoop& loop, Edge& edge, ContactResolverSettings settings = {});
  ContactResolver(const ContactResolver&) = delete;
  ContactResolver& operator=(const ContactResolver&) = delete;

  /// The contact's id if it is known now. Otherwise nothing, and a lookup starts (unless a recent one
  /// failed).
  std::optional<std::string> lookup(const ContactQuery& query);
  /// As lookup(), but waits up to `patience` for the answer.
  runtime::Task<std::optional<std::string>> resolve(ContactQuery query, base::Duration patience);
  runtime::Task<void> close();

 private:
  struct Entry {
    std::string key;
    std::string contact_id;  // empty: none, until `expires`
    base::Clock::time_point expires{};
    bool asking = false;
    std::vector<runtime::OneShot<runtime::Done>*> waiters;
  };
  using Entries = std::list<Entry>;  // most recently used first

  Entry* find_fresh(const std::string& key);
  Entry& start(const ContactQuery& query, const std::string& key);
  runtime::Task<void> ask(ContactQuery query, std::string key);
  void settle(Entry& entry, const base::Result<std::string>& answer);
  void evict();

  runtime::EventLoop& loop_;
  Edge& edge_;
  ContactResolverSettings settings_;
  runtime::TaskScope scope_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> index_;
  std::size_t running_ = 0;
};

}  // namespace edge
