// What the server's ack of a message means. Spec 05 §2.13.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

struct SendVerdict {
  enum class Result {
    kSent,
    kAgain,   // transient: the same bytes may be sent again a moment later
    kFailed,  // final: `error`
  } result = Result::kSent;
  std::int64_t timestamp = 0;  // the server's, 0 if it gave none
  base::Error error;           // kRejected, kUnavailable for kAgain; the server's code in `detail`

  // What else it tells.
  enum class DeviceLists { kRight, kStale } device_lists = DeviceLists::kRight;
  std::string phash;  // the server's hash of the devices that should have got the message; empty: agrees
  enum class Lid { kRight, kStale } lid = Lid::kRight;
};

/// The codes that callers know by number.
inline constexpr int kReachOutLocked = 463;  // no token, or not allowed to write to strangers now
inline constexpr int kNewChatsCapped = 475;

SendVerdict read_send_ack(const binary::Node& ack);

}  // namespace whatsapp
