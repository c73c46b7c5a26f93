#include "simulator/outbox.h"

#include <algorithm>

namespace simulator {

OutboxEntry& Outbox::push(Node stanza) {
  if (entries_.size() >= kMaxQueued) {
    if (entries_.front().state == OutboxEntry::State::kWaiting) --waiting_;
    entries_.pop_front();
    ++given_up_;
  }
  ++waiting_;
  return entries_.emplace_back(OutboxEntry{std::move(stanza)});
}

std::optional<Node> Outbox::consume(std::string_view tag, std::string_view id) {
  const auto found = std::ranges::find_if(entries_, [&](const OutboxEntry& entry) {
    return entry.state == OutboxEntry::State::kWritten && entry.stanza.tag() == tag &&
           entry.stanza.attr_is("id", id);
  });
  if (found == entries_.end()) return std::nullopt;
  Node stanza = std::move(found->stanza);
  entries_.erase(found);
  return stanza;
}

bool Outbox::consume_message(std::string_view id) {
  const auto erased = std::erase_if(entries_, [&](const OutboxEntry& entry) {
    return entry.state == OutboxEntry::State::kWritten && entry.stanza.tag() == "message" &&
           entry.stanza.attr_is("id", id);
  });
  return erased > 0;
}

void Outbox::withdraw_offer(std::string_view call_id) {
  waiting_ -= std::erase_if(entries_, [&](const OutboxEntry& entry) {
    const Node* offer = entry.stanza.child("offer");
    return entry.state == OutboxEntry::State::kWaiting && entry.stanza.tag() == "call" && offer != nullptr &&
           offer->attr_is("call-id", call_id);
  });
}

void Outbox::mark_written(OutboxEntry& entry) {
  if (entry.state == OutboxEntry::State::kWaiting) --waiting_;
  entry.state = OutboxEntry::State::kWritten;
}

void Outbox::rewind() {
  waiting_ = entries_.size();
  for (OutboxEntry& entry : entries_) {
    entry.state = OutboxEntry::State::kWaiting;
    entry.origin = OutboxEntry::Origin::kOffline;
  }
}

OutboxCounts Outbox::counts() const {
  OutboxCounts counts;
  for (const OutboxEntry& entry : entries_) {
    if (entry.stanza.tag() == "message") {
      ++counts.message;
    } else if (entry.stanza.tag() == "receipt") {
      ++counts.receipt;
    } else if (entry.stanza.tag() == "call") {
      ++counts.call;
    } else {
      ++counts.notification;
    }
  }
  return counts;
}

}  // namespace simulator
