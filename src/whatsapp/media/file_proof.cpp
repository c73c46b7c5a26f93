#include "whatsapp/media/file_proof.h"

#include <string>

namespace whatsapp::media {
namespace {

base::Result<crypto::Sha256Digest> exactly_32(base::ByteView field, const char* name) {
  if (field.size() != 32)
    return base::fail(base::ErrorCode::kMalformed, std::string{"media "} + name + " is not 32 bytes");
  return base::to_fixed<32>(field);
}

}  // namespace

base::Result<FileProof> read_file_proof(base::ByteView media_key, base::ByteView file_enc_sha256,
                                        base::ByteView file_sha256) {
  if (file_enc_sha256.empty()) {
    WA_TRY(const auto hash, exactly_32(file_sha256, "hash"));
    return PlainFileProof{.file_sha256 = hash};
  }
  EncryptedFileProof proof;
  WA_TRY(proof.media_key.mutable_bytes(), exactly_32(media_key, "key"));
  WA_TRY(proof.file_enc_sha256, exactly_32(file_enc_sha256, "hash of the encrypted file"));
  if (!file_sha256.empty()) {
    WA_TRY(proof.file_sha256, exactly_32(file_sha256, "hash"));
  }
  return proof;
}

}  // namespace whatsapp::media
