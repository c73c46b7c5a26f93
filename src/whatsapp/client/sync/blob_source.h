// Where files that belong to the account itself come from: snapshots and long patches of app state, chunks of
// history. They lie encrypted on the media hosts; who needs one says what it is and gets it decrypted and
// checked, as something that can be read more than once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/media/byte_source.h"
#include "whatsapp/media/file_proof.h"
#include "whatsapp/media/media_kind.h"

namespace whatsapp {

struct BlobReference {
  media::MediaKind kind = media::MediaKind::kAppState;
  std::string direct_path;
  media::EncryptedFileProof proof;
  std::uint64_t most_bytes = 0;  // of the file as it lies on the host
};

/// A file whose MAC and hashes are right. What it occupies on a disk goes with it.
class Blob {
 public:
  virtual ~Blob() = default;
  /// From the beginning. May be called and read on any thread, by one reader at a time, while the blob lives.
  virtual base::Result<std::unique_ptr<media::ByteSource>> open() = 0;
};

class BlobSource {
 public:
  virtual ~BlobSource() = default;
  /// kNotFound: no host has it any more; kCrypto, kCorrupt, kMalformed: it is not what was announced; kLimit:
  /// too long; anything else: trying again later makes sense.
  virtual runtime::Task<base::Result<std::unique_ptr<Blob>>> fetch(BlobReference reference) = 0;
};

}  // namespace whatsapp
