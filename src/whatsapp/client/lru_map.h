// A bounded map for things that can be had again: when it is full, what was used longest ago is forgotten.
// The only kind of cache that the message side keeps.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace whatsapp {

template <class Key, class Value, class Hash = std::hash<Key>>
class LruMap {
 public:
  explicit LruMap(std::size_t capacity) : capacity_(capacity) {}

  /// Null if absent. The pointer is valid until the next put() or trim().
  Value* find(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  Value& put(const Key& key, Value value) {
    if (Value* existing = find(key)) return *existing = std::move(value);
    Value& added = put_untrimmed(key, std::move(value));
    trim();
    return added;
  }
  /// May exceed the bound until trim(): for a caller who works with several entries at once.
  Value& put_untrimmed(const Key& key, Value value) {
    if (Value* existing = find(key)) return *existing = std::move(value);
    entries_.emplace_front(key, std::move(value));
    index_.emplace(key, entries_.begin());
    return entries_.front().second;
  }
  void erase(const Key& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    entries_.erase(found->second);
    index_.erase(found);
  }
  void trim() {
    while (entries_.size() > capacity_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
  }
  void clear() {
    index_.clear();
    entries_.clear();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;

  std::size_t capacity_;
  Entries entries_;  // last used first
  std::unordered_map<Key, typename Entries::iterator, Hash> index_;
};

}  // namespace whatsapp
