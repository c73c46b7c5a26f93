#include "queue/mark_desk.h"

#include "queue/queued_payload.h"
#include "queue/send_verdict.h"
#include "runtime/one_shot.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using runtime::Task;
using State = OutboundRow::State;

namespace {

constexpr std::size_t kMostParallel = 4;

bool was_sent(const OutboundRow& row) { return row.error.empty(); }

edge::SendDebug debug_of(const OutboundRow& row, const SendNote& note) {
  return {row.to_original, row.to_normalized, note.result};
}

/// Existing deployments compare the two words of old with `==`; the others may carry a reason.
std::string error_text(const OutboundRow& row, const SendNote& note) {
  const bool bare = note.result.empty() || row.error == failure_word::kLidWithoutMapping ||
                    row.error == failure_word::kMalformedMessage;
  return bare ? row.error : row.error + ": " + note.result;
}

edge::MarkSent mark_sent_of(const OutboundRow& row, const SendNote& note) {
  edge::MarkSent mark;
  mark.message_id = row.queue_id;
  mark.wa_message_id = row.wa_message_id;
  mark.send_debug = debug_of(row, note);
  if (note.sent_at != 0) mark.sent_at = edge::WallTime{std::chrono::seconds{note.sent_at}};
  return mark;
}

edge::MarkFailed mark_failed_of(const OutboundRow& row, const SendNote& note) {
  edge::MarkFailed mark;
  mark.message_id = row.queue_id;
  mark.error = error_text(row, note);
  mark.error_code = row.error;
  mark.send_debug = debug_of(row, note);
  mark.retryable = note.retryable;
  return mark;
}

}  // namespace

MarkDesk::MarkDesk(Parts parts, runtime::TaskScope& scope)
    : with_(std::move(parts)), scope_(scope), lanes_(scope, kMostParallel) {}

void MarkDesk::add(OutboundRow row) {
  ++pending_;
  line_up(std::move(row), 0);
}

void MarkDesk::line_up(OutboundRow row, unsigned failures) {
  const std::string key = row.queue_id;
  lanes_.add(key, mark(std::move(row), failures));
}

Task<void> MarkDesk::mark(OutboundRow row, unsigned failures) {
  const auto heard = co_await tell(row);
  const bool no_endpoint = !heard && heard.error().code == ErrorCode::kNotFound && !was_sent(row);
  if (!heard && !no_endpoint) {
    if (heard.error().code == ErrorCode::kCancelled && scope_.cancelled()) co_return;
    if (failures == 0)
      with_.log.warn("the edge does not take a mark, trying again",
                     {{"queue_id", row.queue_id}, {"error", heard.error().message}});
    // Not in the lane: it would keep the marks of others waiting.
    scope_.spawn(line_up_later(std::move(row), failures + 1));
    co_return;
  }
  const State marked = no_endpoint ? State::kUnmarkable : State::kMarked;
  if (row.state != marked) {
    row.state = marked;
    row.payload.clear();
    row.stanza.clear();
    const auto saved = co_await with_.journal.save(row);
    if (!saved) co_return;  // told again in the next life
  }
  --pending_;
  with_.done(row);
}

Task<void> MarkDesk::line_up_later(OutboundRow row, unsigned failures) {
  const auto slept = co_await runtime::sleep_for(with_.loop, pace_.pause_after(failures, with_.random));
  if (slept) line_up(std::move(row), failures);
}

Task<Result<void>> MarkDesk::tell(const OutboundRow& row) {
  const SendNote note = decode_note(row.debug);
  edge::Call call;
  call.retry = edge::Retry::forever();
  call.fence = with_.fence;
  if (was_sent(row)) {
    edge::MarkSent mark = mark_sent_of(row, note);
    mark.instance_id = with_.instance_id;
    co_return co_await with_.edge.mark_sent(std::move(mark), std::move(call));
  }
  edge::MarkFailed mark = mark_failed_of(row, note);
  mark.instance_id = with_.instance_id;
  co_return co_await with_.edge.mark_failed(std::move(mark), std::move(call));
}

}  // namespace worker
