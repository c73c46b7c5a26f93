// The last resort against a broken Signal store. Single peers are repaired one by one with retry
// receipts; only when many messages in a short time cannot be decrypted is the account itself beyond
// repair, and must be linked again. The breaker counts those failures and says when.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

#include "base/clock.h"
#include "whatsapp/signal/decrypt_error.h"

namespace worker {

struct BadMacSettings {
  base::Duration window{60'000};     // failures older than this are forgotten
  std::size_t threshold = 20;        // failures inside the window that trip it
  std::size_t peers = 3;             // … if they come from so many different people
  base::Duration cooldown{300'000};  // no new QR before this has passed
};

/// Sliding-window breaker, one per account. Not thread-safe: lives on the account's shard.
class BadMacBreaker {
 public:
  enum class Verdict { kKeepGoing, kTripped };

  BadMacBreaker(BadMacSettings settings, const base::Clock& clock) : settings_(settings), clock_(clock) {}

  /// Counts one message that could not be decrypted (bad MAC, no session, unknown key id). The same
  /// message failing again is not a second failure; errors that say nothing about the store (a format we
  /// do not know) do not count; and however many messages of one or two people fail, it is their sessions
  /// that are broken, not our store.
  [[nodiscard]] Verdict record_failure(const std::string& message_id, const std::string& peer,
                                       whatsapp::signal::DecryptError error);

  /// The retry protocol brought the message after all: its failure is taken back.
  void record_repair(const std::string& message_id);

  [[nodiscard]] std::size_t failures() const { return failures_.size(); }
  [[nodiscard]] const BadMacSettings& settings() const { return settings_; }

 private:
  struct Failure {
    base::Clock::time_point at;
    std::string message_id;
    std::string peer;
  };
  void forget_old();
  [[nodiscard]] std::size_t peers() const;

  BadMacSettings settings_;
  const base::Clock& clock_;
  std::deque<Failure> failures_;  // bounded: the oldest go, see record_failure()
};

}  // namespace worker
