// Asking senders for messages we could not read. Counts are kept in the store, so that a broken session does
// not ask for ever, not even across restarts. While the server delivers its offline queue nothing is asked:
// requests are put down in the store, and go out afterwards, a few per second. Spec 05 §9.1; 10 Q7, R1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/message_source.h"

namespace whatsapp {

struct FailedMessage {
  const binary::Node& stanza;
  const MessageSource& source;
  std::optional<int> reason;  // signal::retry_reason_code()
  std::int64_t resent = 0;    // `count` of its <enc>: the sender had answered so many requests of ours
  std::string counter_key;
  std::uint32_t asked = 0;  // times, as the store has it
  enum class Keys { kFromTheSecondTime, kAtOnce } keys = Keys::kFromTheSecondTime;
};

class RetryRequester {
 public:
  /// Peers do not answer the fifth request.
  static constexpr std::uint32_t kMaxRequests = 4;
  /// Requests put down during offline delivery; what comes on top is sent at once.
  static constexpr std::size_t kMaxDeferred = 256;

  explicit RetryRequester(DeskParts& parts) : parts_(parts) {}

  /// One request, ready to go out once `changes` is durable.
  struct Request {
    binary::Node receipt;
    enum class Keys { kWithout, kWith } keys = Keys::kWithout;
  };
  /// Counts the failure into `changes`. Nothing to send: the limit is reached, asking makes no sense any
  /// more, or the request is put down for later.
  runtime::Task<base::Result<std::optional<Request>>> prepare(const FailedMessage& failed,
                                                              store::Changes& changes);
  /// kIo when the keys for it could not be stored.
  runtime::Task<base::Result<void>> send(Request request);

  /// Requests are being put down for later.
  [[nodiscard]] bool holds_back() const { return offline_delivery_; }
  void offline_delivery_begins();
  /// Sends what was put down, in the background of the connection.
  void offline_delivery_ended();

 private:
  runtime::Task<base::Result<void>> load_deferred();
  void defer(Request request, store::Changes& changes);
  runtime::Task<void> send_deferred();
  runtime::Task<base::Result<void>> wait_for_turn();
  [[nodiscard]] bool worth_asking(const MessageSource& source) const;

  DeskParts& parts_;
  bool offline_delivery_ = false;
  std::optional<std::vector<Request>> deferred_;  // as the store has it; absent until it was read
  base::Clock::time_point next_turn_{};
};

}  // namespace whatsapp
