#include "whatsapp/binary/packed_text.h"

#include <algorithm>

namespace whatsapp::binary {
namespace {

constexpr std::size_t kLongestPacked = 127;
constexpr std::uint8_t kOddFlag = 0x80;
constexpr std::uint8_t kPadding = 0x0f;

constexpr std::string_view alphabet(Packing packing) {
  return packing == Packing::kNibble ? "0123456789-." : "0123456789ABCDEF";
}

bool holds(Packing packing, std::string_view text) {
  return text.find_first_not_of(alphabet(packing)) == std::string_view::npos;
}

std::uint8_t half_byte(Packing packing, char character) {
  return static_cast<std::uint8_t>(alphabet(packing).find(character));
}

}  // namespace

std::optional<Packing> packing_of(std::string_view text) {
  if (text.empty() || text.size() > kLongestPacked) return std::nullopt;
  if (holds(Packing::kNibble, text)) return Packing::kNibble;
  if (holds(Packing::kHex, text)) return Packing::kHex;
  return std::nullopt;
}

void append_packed(base::Bytes& out, Packing packing, std::string_view text) {
  const bool odd = text.size() % 2 != 0;
  out.push_back(static_cast<std::uint8_t>((text.size() + 1) / 2 | (odd ? kOddFlag : 0)));
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t low = i + 1 < text.size() ? half_byte(packing, text[i + 1]) : kPadding;
    out.push_back(static_cast<std::uint8_t>(half_byte(packing, text[i]) << 4 | low));
  }
}

base::Result<std::string> unpack(Packing packing, std::uint8_t length, base::ByteView packed) {
  const bool odd = (length & kOddFlag) != 0;
  if (odd && packed.empty()) return base::fail(base::ErrorCode::kMalformed, "packed text of negative length");
  const std::size_t characters = packed.size() * 2 - (odd ? 1 : 0);
  const std::string_view letters = alphabet(packing);
  std::string text(characters, '\0');
  for (std::size_t i = 0; i < characters; ++i) {
    const std::uint8_t byte = packed[i / 2];
    const std::size_t half = i % 2 == 0 ? byte >> 4 : byte & 0x0f;
    if (half >= letters.size())
      return base::fail(base::ErrorCode::kMalformed, "packed text with an unknown character");
    text[i] = letters[half];
  }
  return text;
}

}  // namespace whatsapp::binary
