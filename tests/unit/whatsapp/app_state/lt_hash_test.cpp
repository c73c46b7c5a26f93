#include "whatsapp/app_state/lt_hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "base/random.h"

using whatsapp::app_state::LtHash;
using whatsapp::app_state::ValueMac;

namespace {

std::vector<ValueMac> random_values(std::size_t count) {
  base::SeededRandom random{7};
  std::vector<ValueMac> out(count);
  for (ValueMac& value : out) value = random.bytes<32>();
  return out;
}

}  // namespace

TEST_CASE("the order of values does not matter, their number does") {
  auto values = random_values(50);
  LtHash one;
  for (const ValueMac& value : values) one.add(value);
  std::mt19937 engine{3};
  std::ranges::shuffle(values, engine);
  LtHash other;
  for (const ValueMac& value : values) other.add(value);
  CHECK(one == other);
  other.add(values[0]);
  CHECK(one != other);
}

TEST_CASE("what was added and subtracted again leaves nothing, in any order") {
  const auto values = random_values(20);
  LtHash hash;
  for (const ValueMac& value : values) hash.subtract(value);
  CHECK(hash != LtHash{});
  for (const ValueMac& value : values) hash.add(value);
  CHECK(hash == LtHash{});
}
