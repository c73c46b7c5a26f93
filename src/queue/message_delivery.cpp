#include "queue/message_delivery.h"

#include <variant>

#include "queue/destination.h"
#include "queue/outgoing_builder.h"
#include "queue/queued_payload.h"
#include "runtime/one_shot.h"

namespace worker {

using base::Result;
using runtime::Task;
using whatsapp::OutgoingMessage;
using whatsapp::SendOutcome;
using whatsapp::binary::Jid;
using Next = SendVerdict::Next;
using State = OutboundRow::State;

namespace {

constexpr unsigned kMostTransientAnswers = 5;

SendVerdict refusal(const char* word, std::string detail = {}) {
  return {Next::kFail, word, std::move(detail), edge::Retryable::kNo};
}

/// Journals the stanza with the ratchet state that it was made from.
class RowJournal final : public whatsapp::SendJournal {
 public:
  RowJournal(OutboundRow& row, std::int64_t now) : row_(row), now_(now) {}
  void stage(const Jid& to, base::ByteView stanza, whatsapp::store::Changes& changes) override {
    row_.state = State::kSending;
    row_.stanza = base::to_bytes(stanza);
    if (!to.is_lid()) row_.to_normalized = to.to_string();
    row_.updated_at = now_;
    changes.outbound.push_back(row_);
  }

 private:
  OutboundRow& row_;
  std::int64_t now_;
};

/// The address a row goes to, as far as it is known, for judging an error.
Jid destination_of(const OutboundRow& row) { return Jid::parse(row.to_normalized).value_or(Jid{}); }

}  // namespace

Task<Result<void>> MessageDelivery::deliver(OutboundRow& row) {
  Tries tries;
  for (;;) {
    WA_CO_TRY_VOID(co_await with_.gate.wait_open());
    WA_CO_TRY(const Progress progress, co_await attempt(row, tries));
    if (progress == Progress::kSettled) co_return Result<void>{};
    if (progress == Progress::kTryNow) continue;
    const auto pause = pace_.pause_after(++tries.pauses, with_.random);
    WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, pause));
  }
}

Task<Result<MessageDelivery::Progress>> MessageDelivery::attempt(OutboundRow& row, Tries& tries) {
  Result<SendOutcome> outcome = base::fail(base::ErrorCode::kCancelled, "not tried");
  auto way = Attempt::kResend;
  if (row.state == State::kSending && !row.stanza.empty()) {
    outcome = co_await with_.sender.resend(row.wa_message_id, row.stanza);
  } else {
    way = Attempt::kFresh;
    auto message = co_await prepare(row);
    if (!message) co_return co_await follow(row, std::move(message).error(), tries);
    RowJournal journal(row, with_.loop.clock().unix_seconds());
    outcome = co_await with_.sender.send(*std::move(message), journal);
  }
  if (outcome) co_return co_await settle_sent(row, *std::move(outcome));
  auto verdict = judge(outcome.error(), destination_of(row), way);
  co_return co_await follow(row, std::move(verdict), tries);
}

Task<MessageDelivery::Prepared> MessageDelivery::prepare(OutboundRow& row) {
  const auto message = decode_payload(row.payload, with_.instance_id);
  if (!message) co_return std::unexpected(refusal(failure_word::kMalformedMessage, message.error().message));
  // Once it may be on the wire it is too late to let it expire.
  if (row.state == State::kClaimed && message->expires_at &&
      *message->expires_at <= with_.loop.clock().wall_now())
    co_return std::unexpected(refusal(failure_word::kExpired));

  auto to = co_await resolve(row);
  if (!to) co_return std::unexpected(std::move(to).error());
  auto built = build_outgoing(*message, *std::move(to), with_.loop.clock().unix_millis());
  if (!built) co_return std::unexpected(std::move(built).error());
  row.to_normalized = built->message.to.to_string();
  built->message.id = row.wa_message_id;
  if (built->media) {
    auto added = co_await add_media(*std::move(built->media), built->message);
    if (!added) co_return std::unexpected(std::move(added).error());
  }
  co_return std::move(built->message);
}

Task<std::expected<void, SendVerdict>> MessageDelivery::add_media(MediaOrder order,
                                                                  OutgoingMessage& message) {
  if (with_.media == nullptr)
    co_return std::unexpected(refusal(failure_word::kUnsupportedKind, "files cannot be sent here"));
  auto prepared = co_await with_.media->prepare(std::move(order));
  if (!prepared) co_return std::unexpected(judge_media(prepared.error()));
  std::get<whatsapp::message::OutgoingMedia>(message.content).file = *std::move(prepared);
  co_return std::expected<void, SendVerdict>{};
}

Task<std::expected<Jid, SendVerdict>> MessageDelivery::resolve(const OutboundRow& row) {
  Destination destination = parse_destination(row.to_original);
  if (std::holds_alternative<InvalidDestination>(destination))
    co_return std::unexpected(refusal(failure_word::kInvalidDestination));
  if (auto* ready = std::get_if<ReadyDestination>(&destination)) co_return std::move(ready->jid);

  auto pn = co_await with_.lids.pn_of(std::get<LidDestination>(destination).lid);
  if (!pn) {
    // Nothing has left yet: as good as a send that never began.
    co_return std::unexpected(SendVerdict{Next::kUnknown, {}, pn.error().message, edge::Retryable::kYes});
  }
  if (!*pn) co_return std::unexpected(refusal(failure_word::kLidWithoutMapping));
  co_return **std::move(pn);
}

Task<Result<MessageDelivery::Progress>> MessageDelivery::follow(OutboundRow& row, SendVerdict verdict,
                                                                Tries& tries) {
  switch (verdict.next) {
    case Next::kFail:
      co_return co_await settle_failed(row, std::move(verdict));
    case Next::kUnknown:
      with_.log.debug("send without a known outcome, trying again",
                      {{"queue_id", row.queue_id}, {"reason", verdict.detail}});
      co_await recall(row);
      co_return Progress::kTryLater;
    case Next::kTransient:
      if (++tries.rejected >= kMostTransientAnswers)
        co_return co_await settle_failed(row, std::move(verdict));
      co_return Progress::kTryLater;
    case Next::kEncryptAgain:
      if (tries.encrypted_again) co_return co_await settle_failed(row, std::move(verdict));
      tries.encrypted_again = true;
      row.stanza.clear();
      co_return Progress::kTryNow;
  }
  co_return Progress::kTryLater;
}

/// What is durable decides how to go on, not what this attempt believed.
Task<void> MessageDelivery::recall(OutboundRow& row) {
  std::vector<std::string> ids{row.queue_id};
  auto rows = co_await with_.journal.find(std::move(ids));
  if (rows && rows->front()) row = **std::move(rows->begin());
}

Task<Result<MessageDelivery::Progress>> MessageDelivery::settle_sent(OutboundRow& row, SendOutcome outcome) {
  if (outcome.to.is_lid()) {
    // The edge thinks in phone numbers: say which one it was, if it was another than asked for.
    if (const auto pn = co_await with_.lids.own_pn_of(outcome.to)) row.to_normalized = pn->to_string();
  } else if (!outcome.to.empty()) {
    row.to_normalized = outcome.to.to_string();
  }
  row.state = State::kSent;
  row.stanza.clear();
  row.payload.clear();
  const SendNote note{.result = "acknowledged by the server", .sent_at = outcome.timestamp};
  row.debug = encode_note(note);
  WA_CO_TRY_VOID(co_await with_.journal.save(row));
  co_return Progress::kSettled;
}

Task<Result<MessageDelivery::Progress>> MessageDelivery::settle_failed(OutboundRow& row,
                                                                       SendVerdict verdict) {
  with_.log.warn("a queued message cannot be sent",
                 {{"queue_id", row.queue_id}, {"error", verdict.word}, {"reason", verdict.detail}});
  row.state = State::kFailed;
  row.stanza.clear();
  row.payload.clear();
  row.error = verdict.word;
  const SendNote note{.result = std::move(verdict.detail), .retryable = verdict.retryable};
  row.debug = encode_note(note);
  WA_CO_TRY_VOID(co_await with_.journal.save(row));
  co_return Progress::kSettled;
}

}  // namespace worker
