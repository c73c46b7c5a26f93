// The one answer of a stanza. Whoever handles a stanza holds one of these and says once what the answer is;
// a path that forgets is answered with "unhandled" when the object dies, so that no stanza is left to come
// again with every login.
#pragma once

#include "base/log.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/acks.h"
#include "whatsapp/client/current_connection.h"

namespace whatsapp {

class StanzaAnswer {
 public:
  /// `stanza` must outlive the answer.
  StanzaAnswer(CurrentConnection& connection, const binary::Node& stanza, base::Log log);
  ~StanzaAnswer();
  StanzaAnswer(const StanzaAnswer&) = delete;
  StanzaAnswer& operator=(const StanzaAnswer&) = delete;

  void ack();
  void refuse(Refusal why);
  /// A receipt acks the message by itself.
  void receipt(ReceiptType type);
  /// On purpose: the effects are not durable, or the connection ended. The server delivers it again.
  void leave_to_redelivery();
  /// The handler could not finish: the connection ended (kClosed, kCancelled), or the store failed, which
  /// closes the connection. Both leave the stanza to redelivery.
  void give_up(const base::Error& error);

  [[nodiscard]] bool given() const { return given_; }

 private:
  void write(const binary::Node& answer);

  CurrentConnection& connection_;
  const binary::Node& stanza_;
  base::Log log_;
  bool given_;
};

}  // namespace whatsapp
