#include "whatsapp/client/sync/media_blobs.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/media/media_files.h"

namespace whatsapp {

using base::Result;
using runtime::Task;

namespace {

class FileSource final : public media::ByteSource {
 public:
  explicit FileSource(OpenFile file) : file_(std::move(file)) {}
  Result<std::size_t> read(base::MutableByteView room) override {
    WA_TRY(const base::Bytes bytes, file_.read(room.size()));
    std::ranges::copy(bytes, room.begin());
    return bytes.size();
  }

 private:
  OpenFile file_;
};

class FileBlob final : public Blob {
 public:
  explicit FileBlob(std::string path) : file_(std::move(path)) {}
  Result<std::unique_ptr<media::ByteSource>> open() override {
    WA_TRY(OpenFile file, OpenFile::to_read(file_.path()));
    return std::make_unique<FileSource>(std::move(file));
  }

 private:
  TemporaryFile file_;
};

}  // namespace

Task<Result<std::unique_ptr<Blob>>> MediaBlobs::fetch(BlobReference reference) {
  MediaDownloadRequest request;
  request.reference.kind = reference.kind;
  request.reference.direct_path = std::move(reference.direct_path);
  request.reference.media_key = reference.proof.media_key;
  request.reference.file_enc_sha256 = reference.proof.file_enc_sha256;
  request.reference.file_sha256 = reference.proof.file_sha256;
  request.target = folder_ + "/blob-" + base::to_hex(random_.bytes<8>());
  auto blob = std::make_unique<FileBlob>(request.target);
  WA_CO_TRY_VOID(co_await transport_.download(std::move(request)));
  co_return std::unique_ptr<Blob>{std::move(blob)};
}

}  // namespace whatsapp
