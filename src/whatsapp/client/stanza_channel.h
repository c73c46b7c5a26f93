// What the parts of a client see of the live connection: write a stanza, ask and await the answer. A channel
// belongs to one connection and dies with it, so nothing of an old connection can act on a new one.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

/// An ack we wait for. Forgotten when destroyed.
class PendingAck {
 public:
  virtual ~PendingAck() = default;
  /// kTimeout, kClosed when the connection ends first.
  virtual runtime::Task<base::Result<binary::Node>> wait(base::Duration timeout) = 0;
};

class StanzaChannel {
 public:
  virtual ~StanzaChannel() = default;

  /// Encodes, encrypts and queues in one step. kClosed when the connection is gone.
  virtual base::Result<void> send(const binary::Node& stanza) = 0;
  /// The same for a stanza that is already encoded (a byte-for-byte resend).
  virtual base::Result<void> send_encoded(base::ByteView stanza) = 0;

  /// Gives the iq a fresh id, sends it and awaits its result. kRejected with the iq error code in detail,
  /// kTimeout, kClosed.
  virtual runtime::Task<base::Result<binary::Node>> query(binary::Node iq, base::Duration timeout) = 0;
  /// The same, except that a refusal is an answer too: for who wants to read more of it than its code.
  virtual runtime::Task<base::Result<binary::Node>> exchange(binary::Node iq, base::Duration timeout) = 0;

  /// Registers for `<ack class="message" id=…>` before the message is written; the answer is awaited on the
  /// returned object. An error inside the ack is not an error here.
  virtual std::unique_ptr<PendingAck> expect_ack(std::string id) = 0;

  /// Server clock: local Unix seconds plus the offset learned at login.
  [[nodiscard]] virtual std::int64_t server_time() const = 0;
};

/// Who takes the stanzas that are not answers, in arrival order, one at a time: the next one is handed over
/// when the task has ended. iq results and acks are resolved before, so a handler may await queries.
class StanzaHandler {
 public:
  virtual ~StanzaHandler() = default;
  virtual runtime::Task<void> handle(binary::Node stanza) = 0;
};

}  // namespace whatsapp
