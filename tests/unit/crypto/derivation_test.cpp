#include <doctest/doctest.h>

#include "base/encoding.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"

using base::as_bytes;
using base::Bytes;

TEST_CASE("digests of abc are the published ones") {
  CHECK(base::to_hex(crypto::sha1(as_bytes("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(base::to_hex(crypto::md5(as_bytes("abc"))) == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(base::to_hex(crypto::sha256(as_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(base::to_hex(crypto::sha512(as_bytes("abc"))).starts_with("ddaf35a193617abacc417349ae204131"));
}

TEST_CASE("parts are hashed as if they were one") {
  CHECK(crypto::sha256(as_bytes("a"), as_bytes(""), as_bytes("bc")) == crypto::sha256(as_bytes("abc")));
  CHECK(crypto::sha512(as_bytes("ab"), as_bytes("c")) == crypto::sha512(as_bytes("abc")));
  const Bytes key = base::to_bytes("key");
  CHECK(crypto::hmac_sha256(key, as_bytes("ab"), as_bytes("c")) == crypto::hmac_sha256(key, as_bytes("abc")));
  CHECK(crypto::hmac_sha512(key, as_bytes("ab"), as_bytes("c")) == crypto::hmac_sha512(key, as_bytes("abc")));
}

TEST_CASE("keys longer than a block are hashed first, keys of exactly a block are not") {
  base::SeededRandom random{1};
  const Bytes message = random.bytes(50);
  const Bytes long_key = random.bytes(65);
  CHECK(crypto::hmac_sha256(long_key, message) == crypto::hmac_sha256(crypto::sha256(long_key), message));
  const Bytes block_key = random.bytes(64);
  CHECK(crypto::hmac_sha256(block_key, message) != crypto::hmac_sha256(crypto::sha256(block_key), message));
}

TEST_CASE("constant-time comparison sees any difference, in content or length") {
  const Bytes a{1, 2, 3};
  CHECK(crypto::equal_constant_time(a, Bytes{1, 2, 3}));
  CHECK_FALSE(crypto::equal_constant_time(a, Bytes{1, 2, 4}));
  CHECK_FALSE(crypto::equal_constant_time(a, Bytes{1, 2}));
  CHECK(crypto::equal_constant_time({}, {}));
}

TEST_CASE("an absent HKDF salt is 32 zero bytes, and a longer output continues a shorter one") {
  const Bytes ikm = base::to_bytes("input");
  const Bytes zeros(32, 0);
  CHECK(crypto::hkdf_sha256(ikm, {}, "label", 80) == crypto::hkdf_sha256(ikm, zeros, "label", 80));

  const Bytes longer = crypto::hkdf_sha256(ikm, {}, "label", crypto::kMaxHkdfLength);
  for (const std::size_t length : {0UL, 1UL, 31UL, 32UL, 33UL, 64UL, 80UL}) {
    const Bytes shorter = crypto::hkdf_sha256(ikm, {}, "label", length);
    CHECK(shorter == Bytes(longer.begin(), longer.begin() + static_cast<std::ptrdiff_t>(length)));
  }
  CHECK_THROWS(crypto::hkdf_sha256(ikm, {}, "label", crypto::kMaxHkdfLength + 1));

  const auto fixed = crypto::hkdf_sha256<80>(ikm, {}, "label");
  CHECK(base::to_bytes(fixed.view()) == crypto::hkdf_sha256(ikm, {}, "label", 80));
}
