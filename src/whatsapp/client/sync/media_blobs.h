// The account's own files, from the media hosts onto the disk: each lies in a folder under a name of its own,
// proven and decrypted, until its Blob goes.
#pragma once

#include <string>

#include "base/random.h"
#include "whatsapp/client/media/media_transport.h"
#include "whatsapp/client/sync/blob_source.h"

namespace whatsapp {

class MediaBlobs final : public BlobSource {
 public:
  /// `folder` exists and is on a disk with room for the longest chunk.
  MediaBlobs(MediaTransport& transport, std::string folder, base::Random& random)
      : transport_(transport), folder_(std::move(folder)), random_(random) {}

  runtime::Task<base::Result<std::unique_ptr<Blob>>> fetch(BlobReference reference) override;

 private:
  MediaTransport& transport_;
  std::string folder_;
  base::Random& random_;
};

}  // namespace whatsapp
