// Putting files on the media hosts and taking them back, for simulated people: encrypted on the way in,
// decrypted and checked on the way out, in constant memory. Thread-safe as far as the store is, so that large
// files need not hold up the loop.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "base/random.h"
#include "base/result.h"
#include "simulator/media/file_message.h"
#include "simulator/media_host/media_store.h"
#include "whatsapp/media/byte_source.h"
#include "whatsapp/media/media_encryptor.h"
#include "whatsapp/media/media_keys.h"

namespace simulator {

/// A file on this machine, or its bytes.
using FileContent = std::variant<base::Bytes, std::filesystem::path>;

struct PublishedFile {
  MediaObject object;
  whatsapp::media::MediaKey key;
  whatsapp::media::EncryptedMedia facts;
};

/// Encrypts what `source` gives. kIo; what the source fails with.
base::Result<PublishedFile> publish_encrypted(MediaStore& store, whatsapp::media::MediaKind kind,
                                              whatsapp::media::MediaKey key,
                                              whatsapp::media::ByteSource& source);
/// Fills in what `file` says about the upload of `content`: path, keys, hashes, length, sidecar. `host` goes
/// into its URL. kIo, kNotFound for a path that is none.
base::Result<void> publish_file(MediaStore& store, const FileContent& content, std::string_view host,
                                whatsapp::media::MediaKey key, FileReference& file);
/// The same for a channel: not encrypted.
base::Result<void> publish_plain_file(MediaStore& store, const FileContent& content, FileReference& file);

/// A file as a person has got it.
struct FetchedFile {
  std::uint64_t size = 0;
  crypto::Sha256Digest sha256{};
  /// Whether the hash of the plaintext, and its length, are what the message says.
  enum class Claims { kTrue, kWrongHash, kWrongLength } claims = Claims::kTrue;
};

/// Downloads by direct path, checks hash and MAC, decrypts; writes to `save_as` unless that is empty.
/// kMalformed for a reference that refers to nothing, kNotFound for what is not there or has expired,
/// kCorrupt, kCrypto, kIo.
base::Result<FetchedFile> fetch_file(MediaStore& store, const FileReference& file,
                                     const std::filesystem::path& save_as);
/// Everything in memory, for blobs.
base::Result<base::Bytes> fetch_bytes(MediaStore& store, const FileReference& file);

}  // namespace simulator
