// Brings one claimed message to its end: sent, with the server's ack, or failed for good; either is durable
// when deliver() returns. Between the first byte written and the ack the outcome is unknown, and the only way
// on is to write the same bytes again under the same id, which the server recognises.
#pragma once

#include <expected>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "queue/lid_lookup.h"
#include "queue/link_gate.h"
#include "queue/media_preparer.h"
#include "queue/message_sender.h"
#include "queue/outbound_journal.h"
#include "queue/pace.h"
#include "queue/send_verdict.h"
#include "runtime/event_loop.h"

namespace worker {

class MessageDelivery {
 public:
  struct Parts {
    runtime::EventLoop& loop;
    MessageSender& sender;
    LinkGate& gate;
    LidLookup& lids;
    OutboundJournal& journal;
    base::Random& random;
    std::string instance_id;
    base::Log log;
    MediaPreparer* media = nullptr;  // null: files cannot be sent
  };
  explicit MessageDelivery(Parts parts) : with_(std::move(parts)) {}

  /// `row` is kClaimed or kSending, and kSent or kFailed afterwards. Waits while the link is down. kCancelled
  /// leaves the journal such that the next life goes on from here.
  runtime::Task<base::Result<void>> deliver(OutboundRow& row);

 private:
  /// How often which way was tried for one message, in this life of the process.
  struct Tries {
    unsigned rejected = 0;  // transient answers of the server
    unsigned pauses = 0;
    bool encrypted_again = false;
  };
  enum class Progress { kSettled, kTryNow, kTryLater };
  template <class T>
  using Step = runtime::Task<base::Result<T>>;
  using Prepared = std::expected<whatsapp::OutgoingMessage, SendVerdict>;

  Step<Progress> attempt(OutboundRow& row, Tries& tries);
  runtime::Task<Prepared> prepare(OutboundRow& row);
  runtime::Task<std::expected<void, SendVerdict>> add_media(MediaOrder order,
                                                            whatsapp::OutgoingMessage& message);
  runtime::Task<std::expected<whatsapp::binary::Jid, SendVerdict>> resolve(const OutboundRow& row);
  Step<Progress> follow(OutboundRow& row, SendVerdict verdict, Tries& tries);
  Step<Progress> settle_sent(OutboundRow& row, whatsapp::SendOutcome outcome);
  Step<Progress> settle_failed(OutboundRow& row, SendVerdict verdict);
  runtime::Task<void> recall(OutboundRow& row);

  Parts with_;
  Pace pace_;
};

}  // namespace worker
