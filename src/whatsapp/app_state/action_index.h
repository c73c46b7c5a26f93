// The index of an entry: what it is about, as a JSON array of texts: ["mute","123@s.whatsapp.net"]. Its MAC
// identifies the entry, so the text must be written by every client in the same way. Spec 07 A3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace whatsapp::app_state {

/// The name of the action first.
using ActionIndex = std::vector<std::string>;

inline constexpr std::size_t kMaxIndexSize = 16 * 1024;

/// No spaces; UTF-8 as it is; only '"', '\' and control characters are escaped.
std::string to_json(const ActionIndex& index);

/// Numbers and booleans become texts. kMalformed for anything else than an array of such, kLimit if longer
/// than kMaxIndexSize.
base::Result<ActionIndex> read_index(std::string_view json);

}  // namespace whatsapp::app_state
