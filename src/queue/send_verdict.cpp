#include "queue/send_verdict.h"

#include <fmt/format.h>

namespace worker {
namespace {

using base::ErrorCode;
using Next = SendVerdict::Next;
namespace word = failure_word;

SendVerdict fail_with(const char* stable_word, const base::Error& error) {
  return {Next::kFail, stable_word, error.message, edge::Retryable::kNo};
}

SendVerdict try_later(const base::Error& error) {
  return {Next::kTransient, word::kRejectedByServer, error.message, edge::Retryable::kYes};
}

bool is_transient(int code) { return code == 408 || code == 429 || (code >= 500 && code < 600); }

/// The number in the server's ack (spec 05 §2.13).
SendVerdict judge_rejection(const base::Error& error, const whatsapp::binary::Jid& to, Attempt attempt) {
  // May not write to new people now; repeating the attempt prolongs the restriction (spec 05 §2.10).
  if (error.detail == 463 || error.detail == 475) return fail_with(word::kReachoutTimelock, error);
  if (is_transient(error.detail)) return try_later(error);
  if (attempt == Attempt::kResend) return {Next::kEncryptAgain, word::kRejectedByServer, error.message, {}};
  if (to.is_group() && (error.detail == 401 || error.detail == 403))
    return fail_with(word::kNotAParticipant, error);
  if (!to.is_group() && (error.detail == 404 || error.detail == 406))
    return fail_with(word::kNotOnWhatsApp, error);
  return fail_with(word::kRejectedByServer, error);
}

}  // namespace

SendVerdict judge(const base::Error& error, const whatsapp::binary::Jid& to, Attempt attempt) {
  switch (error.code) {
    case ErrorCode::kClosed:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
    // The account's own disk: nothing left the house, or it did and the journal knows it.
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
      return {Next::kUnknown, {}, error.message, edge::Retryable::kYes};
    case ErrorCode::kRejected:
      return judge_rejection(error, to, attempt);
    case ErrorCode::kUnavailable:
      // We did not even try: strangers are not written to while WhatsApp has that locked.
      if (error.detail == 463)
        return {Next::kFail, word::kReachoutTimelock, error.message, edge::Retryable::kYes};
      return try_later(error);
    case ErrorCode::kConflict:
    case ErrorCode::kCrypto:
      return try_later(error);
    default:
      break;
  }
  if (attempt == Attempt::kResend) return {Next::kEncryptAgain, word::kRejectedByServer, error.message, {}};
  if (error.code == ErrorCode::kNotFound) return fail_with(word::kNotOnWhatsApp, error);
  // The destination has been understood before: the client cannot write to that kind of chat yet.
  if (error.code == ErrorCode::kInvalidArgument && !to.is_pn())
    return fail_with(word::kUnsupportedKind, error);
  return fail_with(word::kMalformedMessage, error);  // too long, a quoted JID that is none, …
}

}  // namespace worker
