#include "base/bytes.h"

#include <doctest/doctest.h>

#include "base/secret.h"

using namespace base;

TEST_CASE("big-endian integers of every width come back") {
  CHECK(big_endian<3>(0x010203) == FixedBytes<3>{1, 2, 3});
  CHECK(big_endian<8>(UINT64_MAX) == FixedBytes<8>{255, 255, 255, 255, 255, 255, 255, 255});
  CHECK(big_endian<1>(0x1ff) == FixedBytes<1>{0xff});
  CHECK(read_big_endian(big_endian<5>(0x0102030405)) == 0x0102030405);
  CHECK(read_big_endian({}) == 0);
}

TEST_CASE("parts are put together in order") {
  const Bytes a{1, 2};
  const FixedBytes<1> b{3};
  CHECK(concat(a, b, Bytes{}, ByteView{a}) == Bytes{1, 2, 3, 1, 2});
  CHECK(concat().empty());
}

TEST_CASE("text and bytes are two views of the same") {
  CHECK(to_bytes("ab") == Bytes{'a', 'b'});
  CHECK(to_string(Bytes{'a', 0, 'b'}) == std::string("a\0b", 3));
  CHECK(as_text(as_bytes("hello")) == "hello");
}

TEST_CASE("fixed bytes take the front and fill up with zeros") {
  CHECK(to_fixed<2>(Bytes{1, 2, 3}) == FixedBytes<2>{1, 2});
  CHECK(to_fixed<4>(Bytes{1, 2}) == FixedBytes<4>{1, 2, 0, 0});
}

TEST_CASE("secrets are compared by value and copied as values") {
  Secret<4> a{FixedBytes<4>{1, 2, 3, 4}};
  const Secret<4> copy = a;
  CHECK(a == copy);
  a.mutable_bytes()[3] = 5;
  CHECK_FALSE(a == copy);
  CHECK(copy.view()[3] == 4);
}
