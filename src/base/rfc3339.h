// Calendar times as text: RFC 3339 in UTC, the form of every timestamp in our JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace base {

/// "2026-11-20T23:14:07.412Z"
std::string to_rfc3339(Clock::wall_time time);
/// With "Z" or a numeric offset; fractions beyond milliseconds are cut off; a space may stand for the "T".
Result<Clock::wall_time> from_rfc3339(std::string_view text);

}  // namespace base
