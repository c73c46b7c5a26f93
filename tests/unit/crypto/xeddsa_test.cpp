#include "crypto/xeddsa.h"

#include <doctest/doctest.h>

using base::Bytes;

TEST_CASE("a signature is accepted for its message and key only, with either sign of the Edwards point") {
  base::SeededRandom random{3};
  bool seen_sign[2] = {false, false};
  for (int i = 0; i < 32; ++i) {
    const auto pair = crypto::generate_key_pair(random);
    const Bytes message = random.bytes(static_cast<std::size_t>(i) * 7);
    const auto signature = crypto::xeddsa_sign(pair.private_key, message, random);
    seen_sign[signature[63] >> 7] = true;
    CHECK(crypto::xeddsa_verify(pair.public_key, message, signature));

    const auto other = crypto::generate_key_pair(random);
    CHECK_FALSE(crypto::xeddsa_verify(other.public_key, message, signature));
    Bytes longer = message;
    longer.push_back(0);
    CHECK_FALSE(crypto::xeddsa_verify(pair.public_key, longer, signature));
  }
  CHECK(seen_sign[0]);
  CHECK(seen_sign[1]);
}

TEST_CASE("every single flipped bit of a signature makes it invalid") {
  base::SeededRandom random{4};
  const auto pair = crypto::generate_key_pair(random);
  const Bytes message = base::to_bytes("hello");
  const auto signature = crypto::xeddsa_sign(pair.private_key, message, random);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto broken = signature;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK_FALSE(crypto::xeddsa_verify(pair.public_key, message, broken));
  }
}

TEST_CASE("the caller's signature is left alone, so that it can be checked twice") {
  base::SeededRandom random{5};
  crypto::KeyPair pair = crypto::generate_key_pair(random);
  crypto::Signature signature{};
  do {
    pair = crypto::generate_key_pair(random);
    signature = crypto::xeddsa_sign(pair.private_key, {}, random);
  } while ((signature[63] & 0x80) == 0);
  const auto copy = signature;
  CHECK(crypto::xeddsa_verify(pair.public_key, {}, signature));
  CHECK(signature == copy);
  CHECK(crypto::xeddsa_verify(pair.public_key, {}, signature));
}

TEST_CASE("a signature of another length, and the key u = -1 that has no Edwards form, are refused") {
  base::SeededRandom random{6};
  const auto pair = crypto::generate_key_pair(random);
  const auto signature = crypto::xeddsa_sign(pair.private_key, {}, random);
  Bytes shorter{signature.begin(), signature.end() - 1};
  CHECK_FALSE(crypto::xeddsa_verify(pair.public_key, {}, shorter));
  CHECK_FALSE(crypto::xeddsa_verify(pair.public_key, {}, {}));

  crypto::PublicKey minus_one{};
  minus_one.fill(0xff);
  minus_one[0] = 0xec;
  minus_one[31] = 0x7f;
  CHECK_FALSE(crypto::xeddsa_verify(minus_one, {}, signature));
}

TEST_CASE("the same inputs give the same signature, other randomness another") {
  base::SeededRandom random{11};
  const auto pair = crypto::generate_key_pair(random);
  const auto z = random.bytes<64>();
  CHECK(crypto::xeddsa_sign(pair.private_key, {}, z) == crypto::xeddsa_sign(pair.private_key, {}, z));
  CHECK(crypto::xeddsa_sign(pair.private_key, {}, z) !=
        crypto::xeddsa_sign(pair.private_key, {}, random.bytes<64>()));
}
