// Answering retry receipts: a device could not read a message of ours and asks for it again. The stored
// message is encrypted anew for that one device, with a new session if the receipt brings keys or the old
// one has proved hopeless. Everything is bounded: answers per request, sessions per hour, requests at a
// time. Spec 05 §9.2; 04 §8.8; 10 R1-R6, S13.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/fan_out.h"
#include "whatsapp/client/groups/group_retries.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/client/retry_receipts.h"
#include "whatsapp/client/stanza_answer.h"

namespace whatsapp {

class RetryAnswerer {
 public:
  /// A peer that counts this far will not be helped by the same thing again.
  static constexpr std::int64_t kMaxCount = 4;
  /// Answers per requesting device and message, whatever it counts.
  static constexpr std::uint32_t kMaxAnswers = 10;
  /// Receipts handled at the same time; the next one waits where it came in.
  static constexpr std::size_t kConcurrent = 4;

  RetryAnswerer(DeskParts& parts, GroupRetries& groups)
      : parts_(parts), groups_(groups), fan_out_(parts), sessions_renewed_(1024) {}

  /// Handles and acks one retry receipt, in the background of the connection. Returns when the next stanza
  /// may be taken.
  runtime::Task<void> take(binary::Node receipt);

 private:
  struct Job {
    const binary::Node& receipt;
    RetryRequest request;
    store::SentMessageRow message;
    binary::Jid chat{};  // of the message
    signal::Address address;
    std::string counter_key;
    std::optional<store::RetryCounter> counter;
    std::int64_t renewed_at = 0;  // when the session with this device was last begun anew, Unix seconds
  };

  runtime::Task<void> serve(binary::Node receipt);
  runtime::Task<base::Result<void>> answer(const binary::Node& receipt, RetryRequest request);
  runtime::Task<base::Result<bool>> find_message(Job& job);
  runtime::Task<base::Result<bool>> may_have_it(Job& job);
  runtime::Task<base::Result<bool>> same_person(binary::Jid a, binary::Jid b);
  runtime::Task<base::Result<void>> encrypt_and_send(Job& job);
  bool renew_session(const Job& job, SessionWork& work);
  bool begin_from_keys(const Job& job, PeerState& peer, SessionWork& work);
  [[nodiscard]] bool renewal_allowed(const Job& job);
  binary::Node stanza_of(const Job& job, const FanOutEntry& entry) const;

  DeskParts& parts_;
  GroupRetries& groups_;
  FanOut fan_out_;
  std::set<std::string> being_answered_;  // counter keys
  std::size_t running_ = 0;
  runtime::OneShot<runtime::Done>* waiting_for_slot_ = nullptr;
  LruMap<signal::Address, base::Clock::time_point, signal::AddressHash> sessions_renewed_;
};

}  // namespace whatsapp
