#include "whatsapp/app_state/action_index.h"

#include <doctest/doctest.h>

using namespace whatsapp::app_state;

TEST_CASE("an index is written without spaces; only quotes, backslashes and control characters are escaped") {
  CHECK(to_json({"mute", "123@s.whatsapp.net"}) == R"(["mute","123@s.whatsapp.net"])");
  CHECK(to_json({"<a>&/", "olá 漢字"}) == R"(["<a>&/","olá 漢字"])");
  CHECK(to_json({"\"\\\n\x01\x7f"}) == "[\"\\\"\\\\\\n\\u0001\x7f\"]");
  CHECK(to_json({"a", ""}) == R"(["a",""])");
}

TEST_CASE("what was written is read; numbers and booleans become texts") {
  const ActionIndex index{"star", "1@lid", "ID\"\\\t", "0", "olá"};
  CHECK(*read_index(to_json(index)) == index);
  CHECK(*read_index(R"(["a", 12, true, -1])") == ActionIndex{"a", "12", "true", "-1"});
}

TEST_CASE("anything else than an array of texts is refused") {
  for (const char* bad : {"", "x", "[", "[]", "{}", "\"a\"", R"(["a",["b"]])", R"(["a",{}])", R"(["a",null])",
                          R"(["a"]x)", "[\"\xff\"]"})
    CHECK_FALSE(read_index(bad).has_value());
  CHECK(read_index("[\"" + std::string(kMaxIndexSize, 'a') + "\"]").error().code == base::ErrorCode::kLimit);
  CHECK_FALSE(read_index(std::string(kMaxIndexSize, '[')).has_value());
}
