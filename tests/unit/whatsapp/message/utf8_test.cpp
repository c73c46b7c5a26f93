#include "whatsapp/message/utf8.h"

#include <doctest/doctest.h>

using whatsapp::message::to_valid_utf8;

TEST_CASE("valid text of every length of sequence stays as it is") {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF";
  CHECK(to_valid_utf8(text) == text);
}

TEST_CASE("bytes of no valid sequence become replacement characters, their neighbours stay") {
  CHECK(to_valid_utf8("a\xC3(b") == "a\xEF\xBF\xBD(b");
  CHECK(to_valid_utf8("\xC0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");              // overlong
  CHECK(to_valid_utf8("\xED\xA0\x80").find('\xED') == std::string::npos);      // surrogate
  CHECK(to_valid_utf8("\xF4\x90\x80\x80").find('\xF4') == std::string::npos);  // beyond Unicode
  CHECK(to_valid_utf8("end\xE2\x82") == "end\xEF\xBF\xBD\xEF\xBF\xBD");        // cut off
}
