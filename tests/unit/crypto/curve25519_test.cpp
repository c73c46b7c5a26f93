#include "crypto/curve25519.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using base::Bytes;

TEST_CASE("a generated private key is clamped and belongs to its public key") {
  base::SeededRandom random{7};
  for (int i = 0; i < 20; ++i) {
    const auto pair = crypto::generate_key_pair(random);
    const auto& scalar = pair.private_key.bytes();
    CHECK((scalar[0] & 7) == 0);
    CHECK((scalar[31] & 0xc0) == 0x40);
    CHECK(crypto::public_key_of(pair.private_key) == pair.public_key);
  }
}

TEST_CASE("both sides agree on one secret") {
  base::SeededRandom random{8};
  const auto a = crypto::generate_key_pair(random);
  const auto b = crypto::generate_key_pair(random);
  CHECK(crypto::agree(a.private_key, b.public_key).value() ==
        crypto::agree(b.private_key, a.public_key).value());
}

TEST_CASE("public keys of low order are refused") {
  base::SeededRandom random{9};
  const auto ours = crypto::generate_key_pair(random);
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"}) {
    const auto shared = crypto::agree(ours.private_key, base::to_fixed<32>(base::from_hex(hex).value()));
    REQUIRE_FALSE(shared.has_value());
    CHECK(shared.error().code == base::ErrorCode::kCrypto);
  }
}
