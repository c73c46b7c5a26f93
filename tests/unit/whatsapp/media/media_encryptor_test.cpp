#include "whatsapp/media/media_encryptor.h"

#include <doctest/doctest.h>

#include <string>

#include "base/encoding.h"
#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "media_bench.h"
#include "whatsapp/media/media_url.h"

using namespace whatsapp::media;
using base::Bytes;
using base::ByteView;
using media_bench::keys_for;

namespace {

SealedFile encrypt_cut_at(const MediaKeys& keys, ByteView plaintext, std::size_t border,
                          const EncryptOptions& options) {
  SealedFile sealed;
  MediaEncryptor encryptor{keys, options};
  encryptor.update(plaintext.first(border), sealed.file);
  encryptor.update(plaintext.subspan(border), sealed.file);
  sealed.facts = encryptor.finish(sealed.file);
  return sealed;
}

/// The formula of the sidecar, with everything in memory.
Bytes sidecar_by_formula(const MediaKeys& keys, ByteView file) {
  constexpr std::size_t kPart = 65'536;
  const Bytes stream = base::concat(keys.iv(), file);
  Bytes sidecar;
  for (std::size_t begin = 0; begin < file.size(); begin += kPart) {
    const ByteView rest = ByteView{stream}.subspan(begin);
    const auto mac = crypto::hmac_sha256(keys.mac_key(), rest.first(std::min(rest.size(), kPart + 16)));
    base::append(sidecar, ByteView{mac}.first(10));
  }
  return sidecar;
}

}  // namespace

TEST_CASE("small files come out as other clients encrypt them") {
  const MediaKeys keys = keys_for(MediaKind::kImage);
  const SealedFile hello = encrypt_media(keys, base::as_bytes("hello"));
  CHECK(base::to_hex(hello.file) == "d6dae84a388d36554b4babc2ea10204a9971f756a2561f9b8f20");
  CHECK(base::to_hex(hello.facts.file_enc_sha256) ==
        "755309ed03c3bc72136d1579994db3072ff8bbcb06adb365a40cd0ac0bbd35bd");
  CHECK(upload_token(hello.facts.file_enc_sha256) == "dVMJ7QPDvHITbRV5mU2zBy_4u8sGrbNlpAzQrAu9Nb0");
  CHECK(base::to_hex(encrypt_media(keys, {}).file) == "d86dbcfed371684274c26215fc53dc72cb480389e6f95d2b38d9");
  CHECK(base::to_hex(encrypt_media(keys, Bytes(16, 0x42)).file) ==
        "b01ca6d5b8bbbbec28150bb0e7edd184fd5d362cc80b25082c77afad6ad1feae71e839d285fe7d31403c");
}

TEST_CASE("a video comes out with the sidecar that other clients compute") {
  const MediaKeys keys = keys_for(MediaKind::kVideo);
  const auto facts =
      encrypt_media(keys, media_bench::pattern(200'000), {.sidecar = Sidecar::kStreaming}).facts;
  CHECK(base::to_hex(facts.file_sha256) ==
        "3774eca7214c052080bde78d2d6a902845bbfc6c579774a8092b15787fe5a4e6");
  CHECK(base::to_hex(facts.file_enc_sha256) ==
        "1bb9b28f0030a760b953974bbe6731b134d04d44e5f4751a3644d240afdca842");
  CHECK(facts.encrypted_length == 200'026);
  CHECK(base::to_hex(facts.streaming_sidecar) ==
        "0fb735160715f611c12090dfa853aa5d807dc74f4141c4b53d76401b96c2307b4798e15c2864cd2b");
  CHECK_FALSE(facts.first_frame_sidecar.has_value());
}

TEST_CASE("the first frame of a sticker has a MAC of its own, if the file is long enough") {
  const MediaKeys keys = keys_for(MediaKind::kSticker);
  const Bytes sticker = media_bench::pattern(1000);
  const auto facts = encrypt_media(keys, sticker, {.first_frame_length = 100}).facts;
  REQUIRE(facts.first_frame_sidecar.has_value());
  CHECK(base::to_hex(*facts.first_frame_sidecar) == "922a54c8516d286a2310");
  CHECK(facts.streaming_sidecar.empty());
  CHECK(encrypt_media(keys, sticker, {.first_frame_length = 1000}).facts.first_frame_sidecar.has_value());
  CHECK_FALSE(encrypt_media(keys, sticker, {.first_frame_length = 1009}).facts.first_frame_sidecar);
  CHECK_FALSE(
      encrypt_media(keys, sticker, {.first_frame_length = ~std::uint64_t{0}}).facts.first_frame_sidecar);
}

TEST_CASE("wherever a file is cut, it is encrypted the same") {
  const MediaKeys keys = keys_for(MediaKind::kAudio);
  const EncryptOptions options{.sidecar = Sidecar::kStreaming, .first_frame_length = 20};
  for (std::size_t size = 0; size <= 70; ++size) {
    const Bytes plaintext = media_bench::pattern(size);
    const SealedFile whole = encrypt_media(keys, plaintext, options);
    REQUIRE(whole.file.size() == encrypted_length(size));
    REQUIRE(whole.facts.encrypted_length == whole.file.size());
    REQUIRE(whole.facts.file_length == size);
    REQUIRE(base::to_bytes(ByteView{whole.file}.first(whole.file.size() - 10)) ==
            crypto::aes256_cbc_encrypt(keys.cipher_key(), keys.iv(), plaintext));
    for (std::size_t border = 0; border <= size; ++border) {
      const SealedFile cut = encrypt_cut_at(keys, plaintext, border, options);
      REQUIRE(cut.file == whole.file);
      REQUIRE(cut.facts.file_enc_sha256 == whole.facts.file_enc_sha256);
      REQUIRE(cut.facts.file_sha256 == whole.facts.file_sha256);
      REQUIRE(cut.facts.streaming_sidecar == whole.facts.streaming_sidecar);
      REQUIRE(cut.facts.first_frame_sidecar == whole.facts.first_frame_sidecar);
    }
  }
}

TEST_CASE("the sidecar follows its formula around every border of its parts") {
  const MediaKeys keys = keys_for(MediaKind::kVideo);
  const auto check = [&](std::size_t size, std::size_t piece) {
    const Bytes plaintext = media_bench::pattern(size);
    SealedFile sealed;
    MediaEncryptor encryptor{keys, {.sidecar = Sidecar::kStreaming}};
    media_bench::in_pieces(plaintext, piece, [&](ByteView part) { encryptor.update(part, sealed.file); });
    sealed.facts = encryptor.finish(sealed.file);
    REQUIRE(sealed.facts.streaming_sidecar == sidecar_by_formula(keys, sealed.file));
    return sealed.facts.streaming_sidecar.size();
  };
  for (std::size_t size = 65'480; size < 65'560; size += 5) check(size, 1 + size % 97);
  for (std::size_t size = 131'040; size < 131'090; size += 7) check(size, 4096 + size % 97);
  CHECK(check(65'510, 65'536) == 10);
  CHECK(check(65'520, 65'536) == 20);
  CHECK(check(131'061, 65'536) == 30);
}

TEST_CASE("encrypting keeps nothing back but part of a block") {
  MediaEncryptor encryptor{keys_for(MediaKind::kDocument)};
  std::uint64_t given = 0;
  std::uint64_t got = 0;
  for (std::size_t size = 1; size < 200; ++size) {
    Bytes out;
    encryptor.update(media_bench::pattern(size), out);
    given += size;
    got += out.size();
    REQUIRE(given - got < kBlockSize);
  }
}
