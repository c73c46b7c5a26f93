// Encrypts a file of any length in constant memory. Ciphertext is appended to a buffer that the caller writes
// away and clears between calls:
//
//   MediaEncryptor encryptor{MediaKeys{media_key, MediaKind::kVideo}, {.sidecar = Sidecar::kStreaming}};
//   while (read(piece)) { encryptor.update(piece, out); write(out); out.clear(); }
//   const EncryptedMedia sealed = encryptor.finish(out);  // last block and MAC
//
// What the message about the file must say is known only after the last byte.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "crypto/cbc_stream.h"
#include "crypto/hash.h"
#include "crypto/sha256_state.h"
#include "whatsapp/media/encrypted_file.h"
#include "whatsapp/media/media_keys.h"
#include "whatsapp/media/sidecar.h"

namespace whatsapp::media {

enum class Sidecar { kNone, kStreaming };

struct EncryptOptions {
  Sidecar sidecar = Sidecar::kNone;                   // kStreaming: videos and audio
  std::optional<std::uint64_t> first_frame_length{};  // animated stickers
};

struct EncryptedMedia {
  crypto::Sha256Digest file_sha256{};      // of the plaintext
  crypto::Sha256Digest file_enc_sha256{};  // of all that was written, MAC included
  std::uint64_t file_length = 0;           // of the plaintext, bytes
  std::uint64_t encrypted_length = 0;
  FileMac mac{};
  base::Bytes streaming_sidecar;               // empty unless asked for
  std::optional<FileMac> first_frame_sidecar;  // only if asked for and the file is long enough
};

class MediaEncryptor {
 public:
  explicit MediaEncryptor(const MediaKeys& keys, const EncryptOptions& options = {});

  /// Appends what is complete: at most 15 bytes stay behind.
  void update(base::ByteView plaintext, base::Bytes& out);
  /// Appends the last block, padded, and the MAC: 26 bytes. Nothing may follow.
  EncryptedMedia finish(base::Bytes& out);

 private:
  void encrypt_blocks(base::ByteView blocks, base::Bytes& out);
  void account_for(base::ByteView written);

  crypto::CbcStream cipher_;
  crypto::HmacSha256Stream mac_;
  crypto::Sha256State plain_hash_;
  crypto::Sha256State encrypted_hash_;
  std::optional<StreamingSidecar> streaming_;
  std::optional<FirstFrameSidecar> first_frame_;
  base::Bytes partial_block_;
  EncryptedMedia result_;
};

/// The file and what a message says about it, for files that fit into memory.
struct SealedFile {
  base::Bytes file;
  EncryptedMedia facts;
};
SealedFile encrypt_media(const MediaKeys& keys, base::ByteView plaintext, const EncryptOptions& options = {});

}  // namespace whatsapp::media
