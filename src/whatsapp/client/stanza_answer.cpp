#include "whatsapp/client/stanza_answer.h"

#include <utility>

namespace whatsapp {

using base::ErrorCode;

StanzaAnswer::StanzaAnswer(CurrentConnection& connection, const binary::Node& stanza, base::Log log)
    : connection_(connection), stanza_(stanza), log_(std::move(log)), given_(!wants_answer(stanza)) {
  if (!given_) connection_.answer_expected();
}

StanzaAnswer::~StanzaAnswer() {
  if (given_) return;
  log_.warn("a stanza was not handled", {{"tag", stanza_.tag()}});
  write(ack_for(stanza_, Refusal::kUnhandled));
}

void StanzaAnswer::ack() { write(ack_for(stanza_)); }

void StanzaAnswer::refuse(Refusal why) {
  if (!given_) log_.info("a stanza was refused", {{"tag", stanza_.tag()}, {"error", static_cast<int>(why)}});
  write(ack_for(stanza_, why));
}

void StanzaAnswer::receipt(ReceiptType type) { write(receipt_for(stanza_, type)); }

void StanzaAnswer::leave_to_redelivery() {
  if (!std::exchange(given_, true)) connection_.answer_given();
}

void StanzaAnswer::give_up(const base::Error& error) {
  leave_to_redelivery();
  if (error.code != ErrorCode::kCancelled && error.code != ErrorCode::kClosed) connection_.give_up(error);
}

void StanzaAnswer::write(const binary::Node& answer) {
  if (std::exchange(given_, true)) return;
  connection_.answer_given();
  (void)connection_.send(answer);  // a closed connection: the stanza comes again on the next one
}

}  // namespace whatsapp
