#include "runtime/json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

using base::ErrorCode;

TEST_CASE("JSON is read, broken JSON is an error and not an exception") {
  CHECK(runtime::parse_json(R"({"a":[1,"]["]})")->at("a").size() == 2);
  for (const char* text : {"", "{", "[1,]", "nul", "{\"a\":}", "\"\xff\""}) {
    CAPTURE(text);
    const auto value = runtime::parse_json(text);
    REQUIRE_FALSE(value);
    CHECK(value.error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("JSON that nests deeper than its bound is refused before it is built") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(runtime::parse_json(nested(runtime::kMaxJsonDepth)));
  const auto deeper = runtime::parse_json(nested(runtime::kMaxJsonDepth + 1));
  REQUIRE_FALSE(deeper);
  CHECK(deeper.error().code == ErrorCode::kLimit);
  CHECK(runtime::parse_json(std::string(1'000'000, '[')).error().code == ErrorCode::kLimit);
  CHECK(runtime::parse_json(R"(["[[[[", "\"[["])", 1));  // brackets in strings do not nest
}

TEST_CASE("bytes that are not UTF-8 become replacement characters on the way out") {
  CHECK(runtime::to_text("a\xff") == "\"a\xEF\xBF\xBD\"");
}
