#include "whatsapp/media/media_decryptor.h"

#include <doctest/doctest.h>

#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "media_bench.h"
#include "whatsapp/media/media_encryptor.h"

using namespace whatsapp::media;
using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using media_bench::keys_for;

namespace {

struct Outcome {
  base::Result<DecryptedMedia> media;
  Bytes plaintext;
};

Outcome decrypt_in_pieces(const MediaKeys& keys, ByteView file, const ExpectedFile& expected,
                          std::size_t size) {
  MediaDecryptor decryptor{keys, expected};
  Bytes plaintext;
  media_bench::in_pieces(file, size, [&](ByteView piece) { decryptor.update(piece, plaintext); });
  auto media = decryptor.finish(plaintext);
  return {std::move(media), std::move(plaintext)};
}

base::Result<void> verify(const MediaKeys& keys, ByteView file,
                          std::optional<crypto::Sha256Digest> hash = std::nullopt) {
  MediaVerifier verifier{keys, hash};
  verifier.update(file);
  return verifier.finish();
}

ExpectedFile expected_of(const EncryptedMedia& facts) { return {facts.file_enc_sha256, facts.file_sha256}; }

/// An authentic file whose padding is not what encryption makes.
Bytes file_with_last_block(const MediaKeys& keys, ByteView block) {
  Bytes ciphertext = crypto::aes256_cbc_encrypt(keys.cipher_key(), keys.iv(), block);
  ciphertext.resize(block.size());
  const auto mac = crypto::hmac_sha256(keys.mac_key(), keys.iv(), ciphertext);
  base::append(ciphertext, ByteView{mac}.first(10));
  return ciphertext;
}

}  // namespace

TEST_CASE("every length comes back, in pieces of every size") {
  const MediaKeys keys = keys_for(MediaKind::kVideo);
  for (std::size_t size = 0; size <= 100; ++size) {
    const Bytes plaintext = media_bench::pattern(size);
    const SealedFile sealed = encrypt_media(keys, plaintext);
    const ExpectedFile expected = expected_of(sealed.facts);
    REQUIRE(decrypt_media(keys, sealed.file, expected).value() == plaintext);
    for (const std::size_t piece : {1, 7, 10, 15, 16, 17, 26, 41, 42, 64}) {
      const Outcome outcome = decrypt_in_pieces(keys, sealed.file, expected, piece);
      REQUIRE(outcome.media.has_value());
      REQUIRE(outcome.plaintext == plaintext);
      REQUIRE(outcome.media->file_length == size);
      REQUIRE(outcome.media->plaintext_hash == PlaintextHash::kMatches);
    }
  }
}

TEST_CASE("long files come back around the borders of buffers") {
  const MediaKeys keys = keys_for(MediaKind::kDocument);
  for (const std::size_t size : {65'519, 65'520, 65'535, 65'536, 65'552, 65'553, 1'048'575, 1'048'577}) {
    const Bytes plaintext = media_bench::pattern(size);
    const SealedFile sealed = encrypt_media(keys, plaintext);
    for (const std::size_t piece : {std::size_t{4'099}, std::size_t{65'536}, sealed.file.size()}) {
      const Outcome outcome = decrypt_in_pieces(keys, sealed.file, expected_of(sealed.facts), piece);
      REQUIRE(outcome.media.has_value());
      REQUIRE(outcome.plaintext == plaintext);
    }
  }
}

TEST_CASE("whichever bit flips, the file is refused, with and without its hash") {
  const MediaKeys keys = keys_for(MediaKind::kImage);
  const SealedFile sealed = encrypt_media(keys, media_bench::pattern(37));
  for (std::size_t bit = 0; bit < sealed.file.size() * 8; ++bit) {
    Bytes damaged = sealed.file;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    REQUIRE(verify(keys, damaged, sealed.facts.file_enc_sha256).error().code == ErrorCode::kCorrupt);
    REQUIRE(verify(keys, damaged).error().code == ErrorCode::kCrypto);
    REQUIRE_FALSE(decrypt_media(keys, damaged, {}).has_value());
    REQUIRE_FALSE(decrypt_in_pieces(keys, damaged, {}, 5).media.has_value());
  }
}

TEST_CASE("whatever is missing at the end or added to it, the file is refused") {
  const MediaKeys keys = keys_for(MediaKind::kImage);
  const SealedFile sealed = encrypt_media(keys, media_bench::pattern(60));
  for (std::size_t size = 0; size < sealed.file.size(); ++size) {
    const ByteView shorter = ByteView{sealed.file}.first(size);
    REQUIRE_FALSE(decrypt_media(keys, shorter, {}).has_value());
    REQUIRE_FALSE(decrypt_in_pieces(keys, shorter, expected_of(sealed.facts), 3).media.has_value());
    if (!is_encrypted_length(size)) REQUIRE(verify(keys, shorter).error().code == ErrorCode::kMalformed);
  }
  for (std::size_t more = 1; more <= 40; ++more) {
    Bytes longer = sealed.file;
    longer.resize(longer.size() + more);
    REQUIRE_FALSE(decrypt_media(keys, longer, {}).has_value());
    REQUIRE_FALSE(decrypt_in_pieces(keys, longer, {}, 11).media.has_value());
  }
}

TEST_CASE("a file is opened only as the kind that it was encrypted as") {
  const SealedFile sealed = encrypt_media(keys_for(MediaKind::kImage), media_bench::pattern(100));
  for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio, MediaKind::kDocument,
                               MediaKind::kHistory, MediaKind::kImageThumbnail}) {
    const auto opened = decrypt_media(keys_for(kind), sealed.file, expected_of(sealed.facts));
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().code == ErrorCode::kCrypto);
  }
  CHECK(decrypt_media(keys_for(MediaKind::kSticker), sealed.file, {}).has_value());
}

TEST_CASE("an authentic file with wrong padding is refused and its last block held back") {
  const MediaKeys keys = keys_for(MediaKind::kImage);
  for (const int padding : {0, 17, 255}) {
    const Outcome outcome = decrypt_in_pieces(
        keys, file_with_last_block(keys, Bytes(32, static_cast<std::uint8_t>(padding))), {}, 9);
    CHECK(outcome.media.error().code == ErrorCode::kCrypto);
    CHECK(outcome.plaintext.size() == 16);
  }
  Bytes uneven(16, 4);
  uneven[12] = 3;
  CHECK_FALSE(decrypt_media(keys, file_with_last_block(keys, uneven), {}).has_value());
  CHECK(decrypt_media(keys, file_with_last_block(keys, Bytes(16, 16)), {}).value().empty());
}

TEST_CASE("a sender's wrong plaintext hash is told, not refused") {
  const MediaKeys keys = keys_for(MediaKind::kImage);
  const Bytes plaintext = media_bench::pattern(50);
  const SealedFile sealed = encrypt_media(keys, plaintext);
  ExpectedFile expected = expected_of(sealed.facts);
  expected.file_sha256->front() ^= 1;
  const Outcome outcome = decrypt_in_pieces(keys, sealed.file, expected, 1000);
  REQUIRE(outcome.media.has_value());
  CHECK(outcome.media->plaintext_hash == PlaintextHash::kDiffers);
  CHECK(outcome.plaintext == plaintext);
  const Outcome unknown = decrypt_in_pieces(keys, sealed.file, {}, 1000);
  CHECK(unknown.media->plaintext_hash == PlaintextHash::kNotGiven);
}

TEST_CASE("the end of a file stays back until it is known to be authentic") {
  const MediaKeys keys = keys_for(MediaKind::kVideo);
  const SealedFile sealed = encrypt_media(keys, media_bench::pattern(1000));
  MediaDecryptor decryptor{keys, {}};
  Bytes plaintext;
  std::size_t given = 0;
  media_bench::in_pieces(sealed.file, 13, [&](ByteView piece) {
    decryptor.update(piece, plaintext);
    given += piece.size();
    REQUIRE(plaintext.size() + kSmallestEncryptedFile <= std::max(given, kSmallestEncryptedFile));
    REQUIRE(given - plaintext.size() < kSmallestEncryptedFile + kBlockSize);
  });
  CHECK(plaintext.size() == 992);
}

TEST_CASE("a channel's file is checked by its hash alone") {
  const Bytes file = media_bench::pattern(300);
  const auto check = [](const PlainFileProof& proof, ByteView bytes) {
    PlainFileVerifier verifier{proof};
    media_bench::in_pieces(bytes, 7, [&](ByteView piece) { verifier.update(piece); });
    return verifier.finish().has_value();
  };
  const PlainFileProof proof{crypto::sha256(file)};
  CHECK(check(proof, file));
  CHECK_FALSE(check(proof, ByteView{file}.first(299)));
  CHECK_FALSE(check(PlainFileProof{}, file));
}
