// What a message says about the file that it refers to, so that a download can be told from a damaged or a
// foreign file: the reference as it was received, checked for shape (spec 06 §2.4, §2.5).
#pragma once

#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "whatsapp/media/media_keys.h"

namespace whatsapp::media {

/// A file of a chat, of history, of app state: encrypted with keys that only the message has.
struct EncryptedFileProof {
  MediaKey media_key;
  crypto::Sha256Digest file_enc_sha256{};           // of the file as it lies on the host, MAC included
  std::optional<crypto::Sha256Digest> file_sha256;  // of the plaintext; senders get it wrong at times
};

/// A file of a channel: as it is. The hash is all there is to check.
struct PlainFileProof {
  crypto::Sha256Digest file_sha256{};
};

using FileProof = std::variant<EncryptedFileProof, PlainFileProof>;

/// From the fields of a media message, empty where absent. Without a hash of the encrypted file the file is
/// plain and a media key that came along is ignored. kMalformed if what is needed is missing or has another
/// length than 32.
base::Result<FileProof> read_file_proof(base::ByteView media_key, base::ByteView file_enc_sha256,
                                        base::ByteView file_sha256);

}  // namespace whatsapp::media
