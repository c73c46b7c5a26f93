#include "whatsapp/signal/chain.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/signal/known_keys.h"

using namespace whatsapp::signal;
using base::Secret;

namespace {

Secret<32> secret(std::uint8_t fill) {
  base::FixedBytes<32> bytes;
  bytes.fill(fill);
  return Secret<32>{bytes};
}

SkippedKeys kept(std::uint32_t from, std::uint32_t until) {
  SkippedKeys out;
  for (std::uint32_t i = from; i < until; ++i) out.add(i, secret(static_cast<std::uint8_t>(i)));
  return out;
}

}  // namespace

TEST_CASE("the known chain gives the known seed, next key and message keys") {
  const Secret<32> chain{
      known::fixed<32>("cec9ab9d0f9689719a28cc25728df6d3c3fae78ed4126c5dc735ffcd5f7d0730")};
  const auto seed = message_seed(chain);
  CHECK(base::to_hex(seed.view()) == "2b59edd72a7c7118506e03b342de238cf712e8d13a42e1d593bd916d5c59f682");
  CHECK(base::to_hex(next_chain_key(chain).view()) ==
        "67613a96657ee92d5f8628546d457185b2084bd524e609ea794ee8b01b7a5b94");
  const MessageKeys keys = derive_message_keys(seed);
  CHECK(base::to_hex(keys.cipher.view()) ==
        "face0faa5bff334f46b51e13e5bb2399afe78ad9cdd169bad8ba874ed383968a");
  CHECK(base::to_hex(keys.mac.view()) == "65840e931508c22b556d5e848decb7d9e99e4ecec19ae2927819d3a3b361134a");
  CHECK(base::to_hex(keys.iv.view()) == "9a8cbab0bab3a91bcc586d574b172a1b");
}

TEST_CASE("the lowest skipped keys are forgotten beyond 2000") {
  SkippedKeys keys = kept(0, 2000);
  CHECK(keys.size() == 2000);
  keys.add(2000, secret(1));
  CHECK(keys.size() == 2000);
  CHECK(keys.lowest_index() == 1);
  keys.add_all(kept(5000, 5010));
  CHECK(keys.size() == 2000);
  CHECK(keys.lowest_index() == 11);
  CHECK(keys.find(5009) != nullptr);
}

TEST_CASE("a skipped key is found until it is erased") {
  SkippedKeys keys = kept(10, 13);
  REQUIRE(keys.find(11) != nullptr);
  CHECK(*keys.find(11) == secret(11));
  keys.erase(11);
  CHECK(keys.find(11) == nullptr);
  keys.erase(99);
  CHECK(keys.size() == 2);
  CHECK(keys.find(9) == nullptr);
  CHECK(SkippedKeys{}.lowest_index() == std::nullopt);
}

TEST_CASE("skipped keys are stored and read again; bytes out of form are corrupt") {
  const SkippedKeys keys = kept(3, 8);
  const auto packed = keys.pack();
  CHECK(packed.size() == 5 * 36);
  CHECK(SkippedKeys::unpack(packed).value().pack() == packed);
  CHECK(SkippedKeys::unpack({}).value().empty());
  CHECK(!SkippedKeys::unpack(base::ByteView{packed}.first(35)));
  const auto twice = base::concat(packed, packed);
  CHECK(!SkippedKeys::unpack(twice));
  CHECK(!SkippedKeys::unpack(base::Bytes(36 * 2001, 0)));
}

TEST_CASE("a message ahead is reached over the skipped ones, whose seeds are kept") {
  const auto plan = plan_advance(5, nullptr, {}, 4, 2000);
  CHECK(plan.error() == DecryptError::kDuplicate);

  const Secret<32> key = secret(7);
  const auto ahead = plan_advance(5, &key, {}, 8, 2000);
  REQUIRE(ahead.has_value());
  REQUIRE(ahead->forward.has_value());
  CHECK(ahead->forward->index == 9);
  CHECK(ahead->forward->passed.size() == 3);
  CHECK(*ahead->forward->passed.find(5) == message_seed(key));
  Secret<32> walked = key;
  for (int i = 0; i < 3; ++i) walked = next_chain_key(walked);
  CHECK(ahead->seed == message_seed(walked));
  CHECK(ahead->forward->key == next_chain_key(walked));
}

TEST_CASE("a jump at the limit is refused, one below it is not") {
  const Secret<32> key = secret(7);
  CHECK(plan_advance(10, &key, {}, 10 + 2000, 2000).error() == DecryptError::kTooFarAhead);
  const auto allowed = plan_advance(10, &key, {}, 10 + 1999, 2000);
  REQUIRE(allowed.has_value());
  CHECK(allowed->forward->passed.size() == 1999);
}

TEST_CASE("of a long jump only the last 2000 seeds are kept") {
  const Secret<32> key = secret(7);
  const auto plan = plan_advance(0, &key, {}, 2500, 25'000);
  REQUIRE(plan.has_value());
  CHECK(plan->forward->passed.size() == 2000);
  CHECK(plan->forward->passed.lowest_index() == 500);
}

TEST_CASE("a closed chain gives its skipped keys and nothing more") {
  const SkippedKeys keys = kept(2, 4);
  CHECK(plan_advance(4, nullptr, keys, 3, 2000).has_value());
  CHECK(plan_advance(4, nullptr, keys, 4, 2000).error() == DecryptError::kInvalidMessage);
}

TEST_CASE("the last counter of 32 bits is refused, because there is none after it") {
  const Secret<32> key = secret(7);
  CHECK(plan_advance(0xFFFFFFFE, &key, {}, 0xFFFFFFFF, 2000).error() == DecryptError::kInvalidMessage);
  CHECK(plan_advance(0xFFFFFFFE, &key, {}, 0xFFFFFFFE, 2000).has_value());
}
