// Words that the protocol writes in one or two bytes, and the way back (spec 02 §4).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace whatsapp::binary {

/// The code of a word: dictionary 0…3 and index, or no dictionary for a word of one byte.
struct Token {
  std::optional<std::uint8_t> dictionary;
  std::uint8_t index = 0;
};

/// Empty if the text is no dictionary word.
std::optional<Token> find_token(std::string_view text);

/// Empty text if the byte is no token (0, and 236…255).
std::string_view single_byte_token(std::uint8_t byte);
/// dictionary < 4.
std::string_view double_byte_token(std::uint8_t dictionary, std::uint8_t index);

}  // namespace whatsapp::binary
