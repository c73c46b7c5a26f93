// Texts of few different characters take half a byte each: digits with '-' and '.', or upper-case
// hexadecimal (spec 02 §5.2). At most 127 characters are written; up to 254 are read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::binary {

enum class Packing { kNibble, kHex };

/// The alphabet that holds the whole text, digits first; nothing if neither does or it is too long.
std::optional<Packing> packing_of(std::string_view text);

/// Appends the length byte and the packed characters.
void append_packed(base::Bytes& out, Packing packing, std::string_view text);

/// `length` is the length byte, `packed` the (length & 0x7f) bytes after it. kMalformed for a negative
/// length or a half byte that stands for no character.
base::Result<std::string> unpack(Packing packing, std::uint8_t length, base::ByteView packed);

}  // namespace whatsapp::binary
