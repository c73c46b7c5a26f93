// Is this the file that the message means, whole and undamaged? Watches a download go by, in pieces of any
// size, and answers at its end. No plaintext is needed for the answer (spec 06 §2.4).
//
// A download to disk runs through a verifier first and is decrypted in a second pass over the disk, so that
// nobody ever sees a byte that is not authentic.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "crypto/sha256_state.h"
#include "whatsapp/media/encrypted_file.h"
#include "whatsapp/media/file_proof.h"
#include "whatsapp/media/media_keys.h"

namespace whatsapp::media {

class MediaVerifier {
 public:
  /// Without an expected hash the MAC alone decides.
  MediaVerifier(const MediaKeys& keys, std::optional<crypto::Sha256Digest> file_enc_sha256);

  void update(base::ByteView encrypted);

  /// At the end of the file. In the order of the checks:
  /// kMalformed   the length is not one that encryption can make: cut short, or not such a file at all;
  /// kCorrupt     another hash than the message says: damaged on the way, another host may have it whole;
  /// kCrypto      the MAC is wrong: the media key or the kind is not this file's.
  base::Result<void> finish();

 private:
  std::optional<crypto::Sha256Digest> file_enc_sha256_;
  crypto::Sha256State hash_;
  crypto::HmacSha256Stream mac_;
  base::Bytes tail_;  // the last 10 bytes so far: the MAC, if nothing follows
  std::uint64_t length_ = 0;
};

/// The same for a file of a channel, which is not encrypted.
class PlainFileVerifier {
 public:
  explicit PlainFileVerifier(const PlainFileProof& proof) : expected_(proof.file_sha256) {}

  void update(base::ByteView bytes) { hash_.update(bytes); }
  /// kCorrupt if the hash is another one.
  base::Result<void> finish();

 private:
  crypto::Sha256Digest expected_;
  crypto::Sha256State hash_;
};

}  // namespace whatsapp::media
