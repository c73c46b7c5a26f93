// Incoming receipts become message states: delivered (per device), read, played. Only messages that we sent
// count, only steps forward, and each step is told once, however often the server repeats it. What is told is
// durable before the receipt is acked. Spec 05 §8.3; 10 Q2, Q9.
#pragma once

#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/delivery/receipt_news.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/stanza_answer.h"

namespace whatsapp {

class ReceiptDesk {
 public:
  explicit ReceiptDesk(DeskParts& parts) : parts_(parts) {}

  /// Handles and acks one receipt that is no retry request.
  runtime::Task<void> take(const binary::Node& receipt);

 private:
  runtime::Task<base::Result<void>> note_progress(const ReceiptNews& news);
  runtime::Task<base::Result<void>> note_read_by_us(const ReceiptNews& news);
  runtime::Task<base::Result<bool>> same_person(const binary::Jid& a, const std::string& b);

  DeskParts& parts_;
};

}  // namespace whatsapp
