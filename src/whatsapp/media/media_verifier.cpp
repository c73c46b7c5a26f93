#include "whatsapp/media/media_verifier.h"

#include <algorithm>

#include "crypto/hmac.h"

namespace whatsapp::media {

using base::ByteView;
using base::ErrorCode;

MediaVerifier::MediaVerifier(const MediaKeys& keys, std::optional<crypto::Sha256Digest> file_enc_sha256)
    : file_enc_sha256_(file_enc_sha256), mac_(crypto::HmacSha256State{keys.mac_key()}) {
  mac_.update(keys.iv());
  tail_.reserve(2 * kFileMacSize);
}

void MediaVerifier::update(ByteView encrypted) {
  hash_.update(encrypted);
  length_ += encrypted.size();
  // What is pushed out of the tail was ciphertext.
  const ByteView new_tail = encrypted.last(std::min(encrypted.size(), kFileMacSize));
  const std::size_t known = tail_.size() + new_tail.size();
  const std::size_t pushed_out = known > kFileMacSize ? known - kFileMacSize : 0;
  mac_.update(ByteView{tail_}.first(pushed_out));
  mac_.update(encrypted.first(encrypted.size() - new_tail.size()));
  tail_.erase(tail_.begin(), tail_.begin() + static_cast<std::ptrdiff_t>(pushed_out));
  base::append(tail_, new_tail);
}

base::Result<void> MediaVerifier::finish() {
  if (!is_encrypted_length(length_))
    return base::fail(ErrorCode::kMalformed, "media file cut short or of another format");
  if (file_enc_sha256_ && hash_.finish() != *file_enc_sha256_)
    return base::fail(ErrorCode::kCorrupt, "media file has another hash than its message says");
  const auto mac = mac_.finish();
  if (!crypto::equal_constant_time(ByteView{mac}.first(kFileMacSize), tail_))
    return base::fail(ErrorCode::kCrypto, "media file does not authenticate: wrong key or kind");
  return {};
}

base::Result<void> PlainFileVerifier::finish() {
  if (hash_.finish() != expected_)
    return base::fail(ErrorCode::kCorrupt, "media file has another hash than its message says");
  return {};
}

}  // namespace whatsapp::media
