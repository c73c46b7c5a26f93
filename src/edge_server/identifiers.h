// Ids that the edge gives out, and which ids of others it accepts.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace edge_server {

/// UUID version 7 (RFC 9562): the first 48 bits are Unix milliseconds, so ids sort by age.
std::string uuid_v7(const base::Clock& clock, base::Random& random);
/// 128 random bits in hex, for URLs whose knowledge is the permission.
std::string unguessable_id(base::Random& random);
/// 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit: also safe as a folder's name.
bool is_instance_id(std::string_view id);
/// The conversation a destination will end up in, as far as its text alone tells ("+55 11 9…" →
/// "55119…@s.whatsapp.net"); the text itself when it tells nothing.
std::string chat_of_destination(std::string_view to);

}  // namespace edge_server
