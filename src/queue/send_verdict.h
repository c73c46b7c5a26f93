// What the error of a send means for the message. Pure. Only two things may never happen: a message that may
// have been delivered is marked failed, and a message that was refused for good is tried for ever.
#pragma once

#include <string>

#include "base/error.h"
#include "edge/types.h"
#include "whatsapp/binary/jid.h"

namespace worker {

struct SendVerdict {
  enum class Next {
    kFail,          // for good: mark it failed with `word`
    kUnknown,       // it may have been delivered: send the same bytes again once connected
    kTransient,     // the server cannot now: the same again a little later, a few times
    kEncryptAgain,  // the journalled bytes are of no use: build the stanza anew under the same id
  } next = Next::kFail;
  std::string word;    // stable, for mark-failed; with kTransient the one to use when giving up
  std::string detail;  // a sentence for the operator; may be empty
  edge::Retryable retryable = edge::Retryable::kNo;
};

enum class Attempt { kFresh, kResend };

SendVerdict judge(const base::Error& error, const whatsapp::binary::Jid& to, Attempt attempt);

/// The words of the edge contract that the queue itself gives out.
namespace failure_word {
inline constexpr const char* kLidWithoutMapping = "lid_without_mapping";
inline constexpr const char* kMalformedMessage = "malformed-message";
inline constexpr const char* kInvalidDestination = "invalid_destination";
inline constexpr const char* kNotOnWhatsApp = "not_on_whatsapp";
inline constexpr const char* kUnsupportedKind = "unsupported_kind";
inline constexpr const char* kMediaDownloadFailed = "media_download_failed";
inline constexpr const char* kMediaTooLarge = "media_too_large";
inline constexpr const char* kNotAParticipant = "not_a_participant";
inline constexpr const char* kRejectedByServer = "rejected_by_server";
inline constexpr const char* kReachoutTimelock = "reachout_timelock";
inline constexpr const char* kExpired = "expired";
}  // namespace failure_word

}  // namespace worker
