// Sidecars let a player begin before the whole file has come: MACs of its parts (spec 06 §2.3), computed over
// s = iv || ciphertext || file MAC while the file is being encrypted.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "crypto/sha256_state.h"
#include "whatsapp/media/encrypted_file.h"
#include "whatsapp/media/media_keys.h"

namespace whatsapp::media {

/// For videos and audio: one entry of 10 bytes for each 64 KiB of s, the MAC of that part and the 16 bytes
/// after it, which are the IV of the next part. Holds no data, only up to two running MACs.
class StreamingSidecar {
 public:
  explicit StreamingSidecar(const MediaKeys& keys);

  /// The next bytes of s, the IV left out: the constructor has seen it.
  void update(base::ByteView bytes);
  /// All entries, 10 bytes each.
  base::Bytes finish();

 private:
  void feed(base::ByteView bytes);
  void close_part(crypto::HmacSha256Stream& part);

  crypto::HmacSha256State key_;
  crypto::HmacSha256Stream current_;                  // the part that `position_` is in
  std::optional<crypto::HmacSha256Stream> previous_;  // still waiting for its 16 bytes of overlap
  std::uint64_t position_ = 0;                        // in s
  base::Bytes entries_;
};

/// For animated stickers: one MAC of the IV and of the blocks that hold the first frame.
class FirstFrameSidecar {
 public:
  /// `first_frame_length`: the offset in the plaintext at which the first frame ends.
  FirstFrameSidecar(const MediaKeys& keys, std::uint64_t first_frame_length);

  /// The next bytes of the ciphertext.
  void update(base::ByteView ciphertext);
  /// Nothing if the file ended before its first frame did.
  std::optional<FileMac> finish();

 private:
  crypto::HmacSha256Stream mac_;
  std::uint64_t missing_;
};

}  // namespace whatsapp::media
