// How long an account remembers what it only needs for a while. Age and count are both bounds: whichever
// is reached first. What carries the link itself (keys, sessions, the LID map) is kept for ever.
#pragma once

#include <cstdint>

namespace whatsapp::store::retention {

inline constexpr std::int64_t kDay = 86'400;  // seconds

// A device that was offline asks for a retry when it comes back, which may be days later (spec 05 §9.2).
inline constexpr std::int64_t kSentMessageLife = 14 * kDay;
inline constexpr std::int64_t kSentMessagesKept = 50'000;

// The server delivers again what was not acked; a phone resends for about two weeks (spec 05 §7.7, §7.10).
inline constexpr std::int64_t kSeenMessageLife = 14 * kDay;
inline constexpr std::int64_t kSeenMessagesKept = 200'000;

// As long as the messages they count for (spec 10, lesson R1).
inline constexpr std::int64_t kRetryCounterLife = 14 * kDay;
inline constexpr std::int64_t kRetryCountersKept = 50'000;

// A queue that lost a mark-sent hands the message out again: the row is what keeps it from being sent twice.
inline constexpr std::int64_t kMarkedOutboundLife = 7 * kDay;

}  // namespace whatsapp::store::retention
