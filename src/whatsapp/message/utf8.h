// Text from peers that claims to be UTF-8. It is kept raw where bytes matter, and made valid where it leaves
// towards people.
#pragma once

#include <string>
#include <string_view>

namespace whatsapp::message {

/// Each byte that is part of no valid sequence (overlong forms and surrogates included) becomes U+FFFD.
std::string to_valid_utf8(std::string_view text);

}  // namespace whatsapp::message
