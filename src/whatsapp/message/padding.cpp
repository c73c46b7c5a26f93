#include "whatsapp/message/padding.h"

#include <algorithm>

namespace whatsapp::message {

base::Bytes pad(base::ByteView message, base::Random& random) {
  const auto count = static_cast<std::uint8_t>((random.bytes<1>()[0] & 15) + 1);
  base::Bytes out;
  out.reserve(message.size() + count);
  base::append(out, message);
  out.resize(message.size() + count, count);
  return out;
}

base::Result<base::ByteView> unpad(base::ByteView padded) {
  const auto malformed = [](const char* what) { return base::fail(base::ErrorCode::kMalformed, what); };
  if (padded.empty()) return malformed("a padded message cannot be empty");
  const std::uint8_t count = padded.back();
  if (count > padded.size()) return malformed("padding longer than the message");
  const auto padding = padded.last(count);
  if (!std::ranges::all_of(padding, [count](std::uint8_t byte) { return byte == count; }))
    return malformed("padding bytes differ");
  return padded.first(padded.size() - count);
}

}  // namespace whatsapp::message
