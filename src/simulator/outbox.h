// The queue of one device: everything that was sent to it and not yet acked, in order. What a device did
// not ack before its connection ended is sent again on the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "whatsapp/binary/node.h"

namespace simulator {

using whatsapp::binary::Node;

/// More than this many unacked stanzas for one device: the oldest is given up.
inline constexpr std::size_t kMaxQueued = 100'000;

struct OutboxEntry {
  Node stanza;
  enum class State { kWaiting, kWritten } state = State::kWaiting;
  /// Was there when the device logged in, so it carries `offline`.
  enum class Origin { kLive, kOffline } origin = Origin::kLive;
};

/// How many of each kind wait, for <offline_preview>.
struct OutboxCounts {
  std::size_t message = 0, notification = 0, receipt = 0, call = 0;
  [[nodiscard]] std::size_t total() const { return message + notification + receipt + call; }
};

class Outbox {
 public:
  OutboxEntry& push(Node stanza);
  /// The device has acked: the oldest written stanza with this tag and id leaves. Empty if there is none.
  std::optional<Node> consume(std::string_view tag, std::string_view id);
  /// The device has sent a receipt: every written message with this id leaves.
  bool consume_message(std::string_view id);
  /// An offer of a call that has not gone out yet.
  void withdraw_offer(std::string_view call_id);
  /// A new connection: all that is here becomes waiting and offline.
  void rewind();
  void mark_written(OutboxEntry& entry);

  [[nodiscard]] OutboxCounts counts() const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::deque<OutboxEntry>& entries() { return entries_; }
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

 private:
  std::deque<OutboxEntry> entries_;
  std::size_t waiting_ = 0;  // entries in State::kWaiting
  std::uint64_t given_up_ = 0;
};

}  // namespace simulator
