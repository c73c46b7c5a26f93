// The files of the account itself (app state, history) from the media hosts, onto a disk for as long as
// somebody reads them.
#pragma once

#include <string>

#include "base/random.h"
#include "whatsapp/client/media/media_transport.h"
#include "whatsapp/client/sync/blob_source.h"

namespace whatsapp {

class MediaBlobs final : public BlobSource {
 public:
  /// `folder` exists; files in it are removed when they have been read.
  MediaBlobs(MediaTransport& transport, runtime::BlockingExecutor::Lane lane, base::Random& random,
             std::string folder)
      : transport_(transport), lane_(lane), random_(random), folder_(std::move(folder)) {}

  runtime::Task<base::Result<std::unique_ptr<Blob>>> fetch(BlobReference reference) override;

 private:
  MediaTransport& transport_;
  runtime::BlockingExecutor::Lane lane_;
  base::Random& random_;
  std::string folder_;
};

}  // namespace whatsapp
