#include "importers/baileys_json.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

using namespace importers;
using base::Bytes;
using base::ErrorCode;

TEST_CASE("The same bytes in every dress") {
  const Bytes expected{0, 7, 255};
  for (const char* text : {R"({"type":"Buffer","data":"AAf/"})", R"({"type":"Buffer","data":[0,7,255]})",
                           R"({"type":"Buffer","data":{"0":0,"1":7,"2":255}})", R"({"0":0,"1":7,"2":255})",
                           R"({"buffer":true,"data":"AAf/"})", R"({"buffer":true,"value":[0,7,255]})",
                           "[0,7,255]", R"("AAf/")", R"("AAf_")"}) {
    CAPTURE(text);
    const auto json = parse_json(text);
    REQUIRE(json);
    const auto bytes = read_bytes(*json);
    REQUIRE(bytes);
    CHECK(*bytes == expected);
  }
}

TEST_CASE("No bytes are written in several ways, too") {
  for (const char* text :
       {"null", R"({"type":"Buffer","data":[]})", R"({"type":"Buffer","data":""})", "[]", R"("")"}) {
    CAPTURE(text);
    const auto bytes = read_bytes(*parse_json(text));
    REQUIRE(bytes);
    CHECK(bytes->empty());
  }
}

TEST_CASE("What is no byte string is refused") {
  for (const char* text :
       {"[256]", "[-1]", "[1.5]", R"(["a"])", R"({"1":0})", R"({"0":1,"2":2})", R"("a b")", "7", "true",
        R"({"type":"Buffer","data":{"type":"Buffer","data":{"type":"Buffer","data":"AA"}}})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_bytes(*parse_json(text)));
  }
}

TEST_CASE("Missing padding is no reason to refuse") {
  const auto bytes = read_bytes(*parse_json(R"("AAc")"));
  REQUIRE(bytes);
  CHECK(*bytes == Bytes{0, 7});
}

TEST_CASE("Numbers come as numbers, as texts and as halves") {
  CHECK(read_integer(*parse_json("1700000000123")).value() == 1700000000123);
  CHECK(read_integer(*parse_json(R"("1700000000123")")).value() == 1700000000123);
  CHECK(read_integer(*parse_json(R"({"low":-1,"high":1,"unsigned":false})")).value() == 0x1FFFFFFFF);
  CHECK_FALSE(read_integer(*parse_json("1.5")));
  CHECK_FALSE(read_integer(*parse_json(R"("12x")")));
  CHECK_FALSE(read_integer(*parse_json("18446744073709551615")));
  CHECK_FALSE(read_integer(*parse_json("7"), 0, 6));
}

TEST_CASE("Text that was cut short, nests without end or has endless members is refused") {
  CHECK(parse_json(R"({"a":1)").error().code == ErrorCode::kMalformed);
  CHECK(parse_json("").error().code == ErrorCode::kMalformed);
  CHECK(parse_json(std::string(100'000, '[')).error().code == ErrorCode::kLimit);
  std::string wide = "{";
  for (std::size_t i = 0; i <= kMaxMembersOfObject; ++i)
    wide += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  CHECK(parse_json(wide + "}").error().code == ErrorCode::kLimit);
}

TEST_CASE("Objects keep their order") {
  const auto json = parse_json(R"({"b":1,"a":2})");
  REQUIRE(json);
  CHECK(write_json(*json) == R"({"b":1,"a":2})");
}
