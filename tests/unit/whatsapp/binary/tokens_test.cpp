#include "whatsapp/binary/tokens.h"

#include <doctest/doctest.h>

#include <set>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "whatsapp/binary/token_tables.h"

using namespace whatsapp::binary;

namespace {

/// All tokens in their order.
std::vector<std::string_view> all_tokens() {
  std::vector<std::string_view> out(kSingleByteTokens.begin() + 1, kSingleByteTokens.end());
  for (const auto& dictionary : kDoubleByteTokens)
    out.insert(out.end(), dictionary.begin(), dictionary.end());
  return out;
}

}  // namespace

TEST_CASE("the dictionaries are those of version 3, to the last letter") {
  std::string text;
  for (const std::string_view token : all_tokens()) text.append(token).append("\n");
  CHECK(base::to_hex(crypto::sha256(base::as_bytes(text))) ==
        "ef926cb519ca007114d8bd5b562e25bc39b887f8bb313e4be89e283caa285513");
}

TEST_CASE("all tokens are there, distinct and not longer than 48 bytes") {
  const auto tokens = all_tokens();
  CHECK(tokens.size() == 235 + 4 * 256);
  CHECK(std::set<std::string_view>(tokens.begin(), tokens.end()).size() == tokens.size());
  for (const std::string_view token : tokens) {
    CHECK_FALSE(token.empty());
    CHECK(token.size() <= 48);
  }
}

TEST_CASE("every token is found under its own code") {
  for (std::size_t i = 1; i < kSingleByteTokens.size(); ++i) {
    const auto token = find_token(kSingleByteTokens[i]);
    REQUIRE(token.has_value());
    CHECK_FALSE(token->dictionary.has_value());
    CHECK(single_byte_token(token->index) == kSingleByteTokens[i]);
  }
  for (std::size_t d = 0; d < kDoubleByteTokens.size(); ++d)
    for (const std::string_view text : kDoubleByteTokens[d]) {
      const auto token = find_token(text);
      REQUIRE(token.has_value());
      CHECK(token->dictionary == d);
      CHECK(double_byte_token(*token->dictionary, token->index) == text);
    }
}

TEST_CASE("what is no token is not found, and tags are no tokens") {
  CHECK_FALSE(find_token("").has_value());
  CHECK_FALSE(find_token("no such token").has_value());
  CHECK_FALSE(find_token(std::string(49, 'a')).has_value());
  CHECK(single_byte_token(0).empty());
  CHECK(single_byte_token(236).empty());
  CHECK(single_byte_token(255).empty());
}
