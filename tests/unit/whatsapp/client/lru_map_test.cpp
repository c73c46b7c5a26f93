#include "whatsapp/client/lru_map.h"

#include <doctest/doctest.h>

#include <string>

using whatsapp::LruMap;

TEST_CASE("a full map forgets what was used longest ago") {
  LruMap<std::string, int> map(2);
  map.put("a", 1);
  map.put("b", 2);
  REQUIRE(map.find("a") != nullptr);
  map.put("c", 3);
  CHECK(map.size() == 2);
  CHECK(map.find("b") == nullptr);
  CHECK(*map.find("a") == 1);
  map.put("a", 9);
  CHECK(*map.find("a") == 9);
  CHECK(map.size() == 2);
}

TEST_CASE("the bound may be passed until trim, and erased or cleared entries are gone") {
  LruMap<int, int> map(1);
  map.put_untrimmed(1, 1);
  int& second = map.put_untrimmed(2, 2);
  CHECK(map.size() == 2);
  second = 5;
  map.trim();
  CHECK(map.size() == 1);
  CHECK(*map.find(2) == 5);
  map.erase(2);
  map.erase(2);
  CHECK(map.find(2) == nullptr);
  map.put(3, 3);
  map.clear();
  CHECK(map.size() == 0);
}
