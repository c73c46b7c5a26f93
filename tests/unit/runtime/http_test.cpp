#include "runtime/http.h"

#include <doctest/doctest.h>

TEST_CASE("header names do not care about case, and the first value counts") {
  const runtime::HttpHeaders headers{{"X-One", "1"}, {"x-one", "2"}};
  CHECK(runtime::header(headers, "X-ONE") == "1");
  CHECK(runtime::header(headers, "X-Two").empty());
}

TEST_CASE("URL encoding and decoding are each other's inverse") {
  const std::string text = "a b+c&d=é/%";
  CHECK(runtime::url_encode(text) == "a%20b%2Bc%26d%3D%C3%A9%2F%25");
  CHECK(runtime::url_decode(runtime::url_encode(text)) == text);
}

TEST_CASE("a plus is a space in queries and itself in paths; broken escapes stay") {
  CHECK(runtime::url_decode("a+b%2b") == "a b+");
  CHECK(runtime::path_decode("a+b%2b") == "a+b+");
  CHECK(runtime::url_decode("%zz%4") == "%zz%4");
  CHECK(runtime::url_decode("100%") == "100%");
}

TEST_CASE("line breaks make no header value, blanks no name") {
  CHECK(runtime::is_header_name("X-Token_1"));
  CHECK(!runtime::is_header_name("X Token"));
  CHECK(!runtime::is_header_name(""));
  CHECK(runtime::is_header_value("any \t text"));
  CHECK(!runtime::is_header_value("a\r\nb"));
}
