// What all desks of the server share: who exists, the time, the dice, the faults armed for everybody, and
// what has been observed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "simulator/directory.h"
#include "simulator/fault_set.h"
#include "simulator/media_host/media_store.h"
#include "simulator/session.h"
#include "simulator/settings.h"
#include "simulator/timers.h"

namespace simulator {

/// Totals since the start, for /control/stats.
struct Counters {
  std::uint64_t connections = 0;
  std::uint64_t handshake_failures = 0;
  std::uint64_t registrations = 0;
  std::uint64_t links = 0;
  std::uint64_t logins = 0;
  std::uint64_t failed_logins = 0;
  std::uint64_t replaced = 0;
  std::uint64_t messages = 0;
  std::uint64_t repeated_messages = 0;  // the same (sender, to, id) again: answered, not delivered again
  std::uint64_t deliveries = 0;         // stanzas written to devices, repeats included
  std::uint64_t receipts = 0;
  std::uint64_t retry_receipts = 0;
  std::uint64_t iqs = 0;
  std::uint64_t unknown_iqs = 0;
  std::uint64_t pings = 0;
  std::uint64_t usyncs = 0;
  std::uint64_t bundles = 0;              // handed out
  std::uint64_t bundles_without_key = 0;  // of which without a one-time key
  std::uint64_t malformed = 0;            // stanzas that could not be understood
  std::uint64_t phash_mismatches = 0;
  std::uint64_t dropped_encs = 0;                 // for devices that are not in the recipient's list
  std::uint64_t skmsgs = 0;                       // messages under a sender key
  std::uint64_t sender_key_shares = 0;            // ciphertexts for single devices that came with them
  std::map<std::string, std::uint64_t> iq_kinds;  // "w:g2/get/query" and so on
};

/// Violations beyond this many are counted, not kept.
inline constexpr std::size_t kMaxViolations = 1000;

struct ServerState {
  ServerState(runtime::EventLoop& loop, base::Random& random_, const Settings& settings_)
      : settings(settings_), timers(loop), random(random_), directory(random_, settings_.ninth_digit) {}

  Settings settings;
  Timers timers;
  base::Random& random;
  Directory directory;
  FaultSet faults;  // for every device
  Counters counters;
  MediaStore media;
  std::vector<Violation> violations;
  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions;  // live connections
  /// Called after every change that somebody may wait for.
  std::function<void()> changed = [] {};
  /// Called when a real client has uploaded its first keys: from now on it can be written to.
  std::function<void(Device&)> companion_ready = [](Device&) {};
  /// Ends a connection: writes the last word, if any, and closes. The session is gone for the caller.
  std::function<void(SessionId session, std::optional<Node> last_word)> end;

  /// A removed device is kept until the turn is over: callers up the stack may still hold it.
  void retire(std::unique_ptr<Device> device) {
    timers.soon([kept = std::shared_ptr<Device>(std::move(device))]() mutable { kept.reset(); });
  }
  /// Null when the connection has ended.
  [[nodiscard]] Session* session(SessionId id) const {
    const auto found = sessions.find(id);
    return found == sessions.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] std::int64_t now() const { return timers.loop().clock().unix_seconds(); }

  /// The device's own fault, else one armed for everybody.
  std::optional<Fault> take_fault(Device& device, Fault::Kind kind) {
    if (auto fault = device.faults.take(kind)) return fault;
    return faults.take(kind);
  }
  /// The same where a fault may be limited to a chat or a kind of iq.
  std::optional<Fault> take_fault_for(Device& device, Fault::Kind kind, std::string_view subject) {
    if (auto fault = device.faults.take_for(kind, subject)) return fault;
    return faults.take_for(kind, subject);
  }
  void report(std::string device, std::string what, std::string detail) {
    if (violations.size() < kMaxViolations)
      violations.push_back({std::move(device), std::move(what), std::move(detail)});
  }
  /// A fresh id for a stanza of the server's.
  std::string next_id() { return std::to_string(1'000'000 + next_id_++); }

 private:
  std::uint64_t next_id_ = 1;
};

}  // namespace simulator
