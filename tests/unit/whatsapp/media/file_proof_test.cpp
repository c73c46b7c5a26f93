#include "whatsapp/media/file_proof.h"

#include <doctest/doctest.h>

using namespace whatsapp::media;
using base::Bytes;

namespace {

const Bytes kKey(32, 1);
const Bytes kEncryptedHash(32, 2);
const Bytes kHash(32, 3);

}  // namespace

TEST_CASE("with a hash of the encrypted file the file is encrypted") {
  const auto proof = read_file_proof(kKey, kEncryptedHash, kHash);
  REQUIRE(proof.has_value());
  const auto* encrypted = std::get_if<EncryptedFileProof>(&*proof);
  REQUIRE(encrypted != nullptr);
  CHECK(base::to_bytes(encrypted->media_key.view()) == kKey);
  CHECK(base::to_bytes(encrypted->file_enc_sha256) == kEncryptedHash);
  CHECK(base::to_bytes(encrypted->file_sha256.value()) == kHash);
}

TEST_CASE("without it the file is plain, even if a key came along") {
  const auto proof = read_file_proof(kKey, {}, kHash);
  REQUIRE(proof.has_value());
  const auto* plain = std::get_if<PlainFileProof>(&*proof);
  REQUIRE(plain != nullptr);
  CHECK(base::to_bytes(plain->file_sha256) == kHash);
}

TEST_CASE("fields that are missing or of a wrong length are refused") {
  for (const std::size_t size : {0, 1, 31, 33, 64}) {
    const Bytes wrong(size, 9);
    CHECK_FALSE(read_file_proof(wrong, kEncryptedHash, kHash).has_value());
    CHECK_FALSE(read_file_proof(kKey, {}, wrong).has_value());
    if (size == 0) continue;
    CHECK_FALSE(read_file_proof(kKey, wrong, kHash).has_value());
    CHECK_FALSE(read_file_proof(kKey, kEncryptedHash, wrong).has_value());
  }
  CHECK(read_file_proof(kKey, kEncryptedHash, {}).has_value());
}
