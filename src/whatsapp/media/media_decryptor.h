// Decrypts a file of any length in constant memory, and checks it while it does. What update() appends is
// authentic only if finish() succeeds; until then it must not be shown to anybody. A file that the verifier
// has passed is decrypted in a second pass; then only a disk that changed in between can fail here.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/cbc_stream.h"
#include "crypto/sha256_state.h"
#include "whatsapp/media/media_verifier.h"

namespace whatsapp::media {

/// What to check a file against. Absent: not checked.
struct ExpectedFile {
  std::optional<crypto::Sha256Digest> file_enc_sha256{};
  std::optional<crypto::Sha256Digest> file_sha256{};
};

/// Of an authentic file, as compared with what its message says. Some senders hash something else, and the
/// official clients show such files; who wants to be strict refuses kDiffers.
enum class PlaintextHash { kNotGiven, kMatches, kDiffers };

struct DecryptedMedia {
  std::uint64_t file_length = 0;  // bytes of plaintext
  crypto::Sha256Digest file_sha256{};
  PlaintextHash plaintext_hash = PlaintextHash::kNotGiven;
};

class MediaDecryptor {
 public:
  MediaDecryptor(const MediaKeys& keys, const ExpectedFile& expected);

  /// Appends plaintext, whole blocks of it; the last block, its padding and the MAC stay back.
  void update(base::ByteView encrypted, base::Bytes& out);

  /// Checks all, then appends the last bytes. On an error nothing is appended and what came before is to be
  /// thrown away. Errors: those of MediaVerifier::finish(), and kCrypto for wrong padding.
  base::Result<DecryptedMedia> finish(base::Bytes& out);

 private:
  void decrypt_blocks(base::ByteView blocks, base::Bytes& out);

  MediaVerifier verifier_;
  std::optional<crypto::Sha256Digest> expected_hash_;
  crypto::CbcStream cipher_;
  crypto::Sha256State hash_;
  base::Bytes held_back_;  // may yet be the last block and the MAC
  std::uint64_t file_length_ = 0;
};

/// For files that fit into memory: decrypts only after every check has passed.
base::Result<base::Bytes> decrypt_media(const MediaKeys& keys, base::ByteView encrypted,
                                        const ExpectedFile& expected);

}  // namespace whatsapp::media
