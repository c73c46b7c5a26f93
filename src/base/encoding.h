// Text forms of bytes: hexadecimal and base64.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace base {

std::string to_hex(ByteView bytes);  // lower case
/// Even number of digits, either case, nothing else.
Result<Bytes> from_hex(std::string_view text);

enum class Base64 { kStandard, kStandardNoPadding, kUrl, kUrlNoPadding };

std::string to_base64(ByteView bytes, Base64 variant = Base64::kStandard);
/// Strict: the whole text must be base64 of that variant; no white space.
Result<Bytes> from_base64(std::string_view text, Base64 variant = Base64::kStandard);

}  // namespace base
