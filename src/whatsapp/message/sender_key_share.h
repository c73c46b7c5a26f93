// Handing out a group's sender key: the Message that carries it, alone or together with other content.
// Spec 05 §3.2, §9.2.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace whatsapp::message {

/// A Message that holds nothing but the key for `group` (JID text).
base::Bytes sender_key_share(std::string_view group, base::ByteView distribution);

/// A serialised Message with the key added; what it says stays as it is.
base::Bytes with_sender_key(base::ByteView message, std::string_view group, base::ByteView distribution);

}  // namespace whatsapp::message
