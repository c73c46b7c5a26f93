#include "base/encoding.h"

#include <doctest/doctest.h>

#include "base/random.h"

using namespace base;

TEST_CASE("hex comes back for every length and is lower case") {
  SeededRandom random{1};
  for (std::size_t size = 0; size < 50; ++size) {
    const Bytes bytes = random.bytes(size);
    CHECK(from_hex(to_hex(bytes)).value() == bytes);
  }
  CHECK(to_hex(Bytes{0xab, 0x0f}) == "ab0f");
  CHECK(from_hex("AB0f").value() == Bytes{0xab, 0x0f});
}

TEST_CASE("what is not hex is refused") {
  for (const char* bad : {"a", "abc", "0x12", "zz", "12 34", " 1", "1g"}) {
    const auto bytes = from_hex(bad);
    REQUIRE_FALSE(bytes.has_value());
    CHECK(bytes.error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("base64 comes back for every length and variant") {
  SeededRandom random{2};
  for (const Base64 variant :
       {Base64::kStandard, Base64::kStandardNoPadding, Base64::kUrl, Base64::kUrlNoPadding})
    for (std::size_t size = 0; size < 50; ++size) {
      const Bytes bytes = random.bytes(size);
      const std::string text = to_base64(bytes, variant);
      CHECK(from_base64(text, variant).value() == bytes);
    }
}

TEST_CASE("the variants of base64 differ in alphabet and padding") {
  const Bytes bytes{0xfb, 0xff, 0xfe, 0x01};
  CHECK(to_base64(bytes) == "+//+AQ==");
  CHECK(to_base64(bytes, Base64::kStandardNoPadding) == "+//+AQ");
  CHECK(to_base64(bytes, Base64::kUrl) == "-__-AQ==");
  CHECK(to_base64(bytes, Base64::kUrlNoPadding) == "-__-AQ");
}

TEST_CASE("what is not base64 of the variant is refused") {
  for (const char* bad : {"+//+AQ", "-__-AQ==", "+//+AQ== ", "\n", "A", "A===", "+//+AQ=", "+/ /+AQ=="})
    CHECK_MESSAGE(!from_base64(bad).has_value(), bad);
  CHECK_FALSE(from_base64("+//+AQ==", Base64::kStandardNoPadding).has_value());
  CHECK_FALSE(from_base64("+//+AQ", Base64::kUrlNoPadding).has_value());
  CHECK(from_base64("").value().empty());
}
