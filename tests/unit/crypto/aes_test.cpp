#include "crypto/aes.h"

#include <doctest/doctest.h>

#include <thread>

#include "base/random.h"

using base::Bytes;

namespace {

struct Keys {
  base::FixedBytes<32> key;
  base::FixedBytes<16> iv;
  base::FixedBytes<12> nonce;
};

Keys random_keys(base::Random& random) {
  return {random.bytes<32>(), random.bytes<16>(), random.bytes<12>()};
}

}  // namespace

TEST_CASE("GCM, CBC and CTR bring every length back") {
  base::SeededRandom random{2};
  for (std::size_t size = 0; size < 70; ++size) {
    const Keys k = random_keys(random);
    const Bytes data = random.bytes(size);
    const Bytes aad = random.bytes(size % 5);
    CHECK(crypto::aes256_gcm_open(k.key, k.nonce, aad, crypto::aes256_gcm_seal(k.key, k.nonce, aad, data))
              .value() == data);
    CHECK(crypto::aes256_cbc_decrypt(k.key, k.iv, crypto::aes256_cbc_encrypt(k.key, k.iv, data)).value() ==
          data);
    CHECK(crypto::aes256_ctr(k.key, k.iv, crypto::aes256_ctr(k.key, k.iv, data)) == data);
  }
}

TEST_CASE("sealing and opening in place give the same bytes as copying") {
  base::SeededRandom random{3};
  const Keys k = random_keys(random);
  const Bytes data = random.bytes(1000);
  const Bytes sealed = crypto::aes256_gcm_seal(k.key, k.nonce, {}, data);

  Bytes buffer = data;
  buffer.resize(data.size() + crypto::kGcmTagSize);
  crypto::aes256_gcm_seal_into(k.key, k.nonce, {}, base::ByteView{buffer}.first(data.size()), buffer);
  CHECK(buffer == sealed);

  const auto opened = crypto::aes256_gcm_open_in_place(k.key, k.nonce, {}, buffer);
  REQUIRE(opened.has_value());
  CHECK(opened->data() == buffer.data());
  CHECK(base::to_bytes(*opened) == data);
}

TEST_CASE("every flipped bit, another nonce, and other additional data are noticed by GCM") {
  base::SeededRandom random{4};
  const Keys k = random_keys(random);
  const Bytes aad = random.bytes(8);
  const Bytes sealed = crypto::aes256_gcm_seal(k.key, k.nonce, aad, random.bytes(20));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes broken = sealed;
    broken[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto opened = crypto::aes256_gcm_open(k.key, k.nonce, aad, broken);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == base::ErrorCode::kCrypto);
  }
  CHECK_FALSE(crypto::aes256_gcm_open(k.key, random.bytes<12>(), aad, sealed).has_value());
  CHECK_FALSE(crypto::aes256_gcm_open(k.key, k.nonce, {}, sealed).has_value());
  const auto too_short = crypto::aes256_gcm_open(k.key, k.nonce, aad, base::ByteView{sealed}.first(15));
  CHECK(too_short.error().code == base::ErrorCode::kMalformed);
}

TEST_CASE("CBC tells incomplete blocks from wrong padding") {
  base::SeededRandom random{5};
  const Keys k = random_keys(random);
  const Bytes ciphertext = crypto::aes256_cbc_encrypt(k.key, k.iv, random.bytes(20));
  CHECK(crypto::aes256_cbc_decrypt(k.key, k.iv, {}).error().code == base::ErrorCode::kMalformed);
  CHECK(crypto::aes256_cbc_decrypt(k.key, k.iv, base::ByteView{ciphertext}.first(31)).error().code ==
        base::ErrorCode::kMalformed);
  // The first block alone ends in message bytes, which are no padding with this seed.
  CHECK(crypto::aes256_cbc_decrypt(k.key, k.iv, base::ByteView{ciphertext}.first(16)).error().code ==
        base::ErrorCode::kCrypto);
  // A failure leaves nothing behind in the reused context.
  CHECK(crypto::aes256_cbc_decrypt(k.key, k.iv, ciphertext).value().size() == 20);
}

TEST_CASE("each thread has its own contexts") {
  base::SeededRandom random{6};
  const Keys k = random_keys(random);
  const Bytes data = random.bytes(333);
  const Bytes expected = crypto::aes256_gcm_seal(k.key, k.nonce, {}, data);
  bool same[4] = {};
  {
    std::vector<std::jthread> threads;
    for (bool& result : same)
      threads.emplace_back([&] {
        result = true;
        for (int i = 0; i < 200; ++i)
          result = result && crypto::aes256_gcm_seal(k.key, k.nonce, {}, data) == expected;
      });
  }
  for (const bool result : same) CHECK(result);
}
