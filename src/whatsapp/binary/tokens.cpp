#include "whatsapp/binary/tokens.h"

#include <unordered_map>

#include "whatsapp/binary/token_tables.h"

namespace whatsapp::binary {
namespace {

constexpr std::size_t kLongestToken = 48;

using Index = std::unordered_map<std::string_view, Token>;

Index build_index() {
  Index index;
  index.reserve(kSingleByteTokens.size() + kDoubleByteTokens.size() * 256);
  for (std::size_t i = 1; i < kSingleByteTokens.size(); ++i)
    index.emplace(kSingleByteTokens[i], Token{std::nullopt, static_cast<std::uint8_t>(i)});
  for (std::size_t d = 0; d < kDoubleByteTokens.size(); ++d)
    for (std::size_t i = 0; i < kDoubleByteTokens[d].size(); ++i)
      index.emplace(kDoubleByteTokens[d][i],
                    Token{static_cast<std::uint8_t>(d), static_cast<std::uint8_t>(i)});
  return index;
}

}  // namespace

std::optional<Token> find_token(std::string_view text) {
  static const Index index = build_index();
  if (text.size() > kLongestToken) return std::nullopt;
  const auto found = index.find(text);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

std::string_view single_byte_token(std::uint8_t byte) {
  return byte < kSingleByteTokens.size() ? kSingleByteTokens[byte] : std::string_view{};
}

std::string_view double_byte_token(std::uint8_t dictionary, std::uint8_t index) {
  return kDoubleByteTokens[dictionary][index];
}

}  // namespace whatsapp::binary
