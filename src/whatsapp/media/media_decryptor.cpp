#include "whatsapp/media/media_decryptor.h"

#include <algorithm>

namespace whatsapp::media {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;

/// Bounds what is held back on the way, however much comes at once.
constexpr std::size_t kPieceSize = 64 * 1024;

/// The block without its PKCS#7 padding: n bytes of value n, 1 to 16.
base::Result<ByteView> unpadded(ByteView block) {
  const std::size_t padding = block.back();
  const bool possible = padding >= 1 && padding <= kBlockSize;
  if (!possible || !std::ranges::all_of(block.last(padding), [&](auto byte) { return byte == padding; }))
    return base::fail(ErrorCode::kCrypto, "media file is wrongly padded");
  return block.first(kBlockSize - padding);
}

}  // namespace

MediaDecryptor::MediaDecryptor(const MediaKeys& keys, const ExpectedFile& expected)
    : verifier_(keys, expected.file_enc_sha256),
      expected_hash_(expected.file_sha256),
      cipher_(crypto::CbcDirection::kDecrypt, keys.cipher_key(), keys.iv()) {}

void MediaDecryptor::update(ByteView encrypted, Bytes& out) {
  verifier_.update(encrypted);
  while (!encrypted.empty()) {
    const ByteView piece = encrypted.first(std::min(encrypted.size(), kPieceSize));
    encrypted = encrypted.subspan(piece.size());
    base::append(held_back_, piece);
    if (held_back_.size() < kSmallestEncryptedFile + kBlockSize) continue;
    const std::size_t ready = (held_back_.size() - kSmallestEncryptedFile) / kBlockSize * kBlockSize;
    decrypt_blocks(ByteView{held_back_}.first(ready), out);
    held_back_.erase(held_back_.begin(), held_back_.begin() + static_cast<std::ptrdiff_t>(ready));
  }
}

base::Result<DecryptedMedia> MediaDecryptor::finish(Bytes& out) {
  WA_TRY_VOID(verifier_.finish());
  // The length is right, so exactly one block and the MAC are left.
  Bytes last_block;
  cipher_.process(ByteView{held_back_}.first(kBlockSize), last_block);
  WA_TRY(const ByteView rest, unpadded(last_block));
  hash_.update(rest);
  base::append(out, rest);

  DecryptedMedia media{.file_length = file_length_ + rest.size(), .file_sha256 = hash_.finish()};
  if (expected_hash_)
    media.plaintext_hash =
        media.file_sha256 == *expected_hash_ ? PlaintextHash::kMatches : PlaintextHash::kDiffers;
  return media;
}

void MediaDecryptor::decrypt_blocks(ByteView blocks, Bytes& out) {
  const std::size_t before = out.size();
  cipher_.process(blocks, out);
  hash_.update(ByteView{out}.subspan(before));
  file_length_ += blocks.size();
}

base::Result<Bytes> decrypt_media(const MediaKeys& keys, ByteView encrypted, const ExpectedFile& expected) {
  MediaVerifier verifier{keys, expected.file_enc_sha256};
  verifier.update(encrypted);
  WA_TRY_VOID(verifier.finish());

  const ExpectedFile verified{.file_sha256 = expected.file_sha256};
  MediaDecryptor decryptor{keys, verified};
  Bytes plaintext;
  plaintext.reserve(encrypted.size());
  decryptor.update(encrypted, plaintext);
  WA_TRY_VOID(decryptor.finish(plaintext));
  return plaintext;
}

}  // namespace whatsapp::media
