#include "whatsapp/media/media_retry.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "crypto/aes.h"
#include "media_bench.h"

using namespace whatsapp::media;
using base::Bytes;

namespace {

constexpr const char* kId = "3EB0AABBCCDDEEFF0011";

/// 00 01 02 …
class CountingRandom final : public base::Random {
 public:
  void fill(base::MutableByteView out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

/// Sealed as a phone would that writes what it likes.
SealedRetry sealed_with(std::string_view plaintext) {
  CountingRandom random;
  SealedRetry sealed{random.bytes<12>(), {}};
  sealed.ciphertext = crypto::aes256_gcm_seal(retry_key(media_bench::counting_key()).bytes(), sealed.iv,
                                              base::as_bytes(kId), base::as_bytes(plaintext));
  return sealed;
}

base::Result<RetryAnswer> open_answer(const SealedRetry& sealed, std::string_view id = kId) {
  return open_retry_answer(media_bench::counting_key(), id, sealed.iv, sealed.ciphertext);
}

}  // namespace

TEST_CASE("a request comes out as other clients seal it, and the phone opens it") {
  const MediaKey key = media_bench::counting_key();
  CHECK(base::to_hex(retry_key(key).view()) ==
        "c84dfe50a708e0ec382a7ad2ba40135256f41b652cebe2129661d27871111cb2");
  CountingRandom random;
  const SealedRetry request = seal_retry_request(key, kId, random);
  CHECK(base::to_hex(request.ciphertext) ==
        "d9866bfc01473cf208163e48bd47b2663912de6f6f771ee2bfec1034ee14f9c4a5fc4d8a2ee3");
  CHECK(open_retry_request(key, kId, request.iv, request.ciphertext).has_value());
  CHECK_FALSE(open_retry_request(key, "3eb0aabbccddeeff0011", request.iv, request.ciphertext).has_value());
}

TEST_CASE("an answer tells where the file is now") {
  CountingRandom random;
  const RetryAnswer answer{RetryResult::kSuccess, "/v/t62.7118-24/new.enc?ccb=11-4&oh=a&oe=b"};
  const SealedRetry sealed = seal_retry_answer(media_bench::counting_key(), kId, answer, random);
  CHECK(
      base::to_hex(sealed.ciphertext) ==
      "d9866bfc01473cf208163e48bd47b2663912de6f6f77e022747d3622df0f31b8c2d4c28458f083c10bcfa79f69f4ee0b9acff"
      "25dc2d7d60ebc208fdf0afee463f4531b8526b35d321a380316a3603d8a5f9252");
  const auto opened = open_answer(sealed);
  REQUIRE(opened.has_value());
  CHECK(opened->result == RetryResult::kSuccess);
  CHECK(opened->direct_path == answer.direct_path);
}

TEST_CASE("a failure is an answer too, and may know a path") {
  CountingRandom random;
  for (const auto result : {RetryResult::kGeneralError, RetryResult::kNotFound, RetryResult::kDecryptionError,
                            static_cast<RetryResult>(77)})
    for (const char* path : {"", "/v/elsewhere"}) {
      const auto opened =
          open_answer(seal_retry_answer(media_bench::counting_key(), kId, {result, path}, random));
      REQUIRE(opened.has_value());
      CHECK(opened->result == result);
      CHECK(opened->direct_path == path);
    }
}

TEST_CASE("an answer for another message, or damaged anywhere, is refused") {
  CountingRandom random;
  const SealedRetry sealed =
      seal_retry_answer(media_bench::counting_key(), kId, {RetryResult::kSuccess, "/v/x"}, random);
  CHECK_FALSE(open_answer(sealed, "3EB0AABBCCDDEEFF0012").has_value());
  CHECK_FALSE(open_retry_answer(MediaKey{}, kId, sealed.iv, sealed.ciphertext).has_value());
  for (std::size_t bit = 0; bit < sealed.ciphertext.size() * 8; ++bit) {
    SealedRetry damaged = sealed;
    damaged.ciphertext[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    REQUIRE_FALSE(open_answer(damaged).has_value());
  }
  for (std::size_t size = 0; size < sealed.ciphertext.size(); ++size) {
    const SealedRetry shorter{
        sealed.iv,
        Bytes(sealed.ciphertext.begin(), sealed.ciphertext.begin() + static_cast<std::ptrdiff_t>(size))};
    REQUIRE_FALSE(open_answer(shorter).has_value());
  }
  const MediaKey key = media_bench::counting_key();
  CHECK_FALSE(open_retry_answer(key, kId, Bytes(11), sealed.ciphertext).has_value());
  CHECK_FALSE(open_retry_answer(key, kId, Bytes(16), sealed.ciphertext).has_value());
}

TEST_CASE("an authentic answer that names another message or is no record is refused") {
  CHECK(open_answer(sealed_with("\x0a\x14"
                                "3EB0AABBCCDDEEFF0011"))
            .has_value());
  CHECK_FALSE(open_answer(sealed_with("\x0a\x14"
                                      "3EB0AABBCCDDEEFF0012"))
                  .has_value());
  CHECK_FALSE(open_answer(sealed_with("")).has_value());
  CHECK_FALSE(open_answer(sealed_with("\x0a\x15"
                                      "3EB0AABBCCDDEEFF0011"))
                  .has_value());
}
