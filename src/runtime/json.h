// JSON from outside, within bounds: no exceptions, no bottomless nesting, no invalid UTF-8 on the way out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace runtime {

inline constexpr std::size_t kMaxJsonDepth = 64;

/// kMalformed when it is not JSON, kLimit when it nests deeper than `max_depth`.
base::Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

/// Compact text; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const nlohmann::json& value);

}  // namespace runtime
