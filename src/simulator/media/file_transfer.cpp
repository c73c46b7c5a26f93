#include "simulator/media/file_transfer.h"

#include <fstream>
#include <functional>

#include "whatsapp/media/media_decryptor.h"

namespace simulator {
namespace {

namespace media = whatsapp::media;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kPiece = 64 * 1024;

class FileSource final : public media::ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path) : file_(path, std::ios::binary) {}
  [[nodiscard]] bool is_open() const { return file_.is_open(); }

  Result<std::size_t> read(base::MutableByteView room) override {
    file_.read(reinterpret_cast<char*>(room.data()), static_cast<std::streamsize>(room.size()));
    if (file_.bad()) return fail(ErrorCode::kIo, "cannot read the file");
    return static_cast<std::size_t>(file_.gcount());
  }

 private:
  std::ifstream file_;
};

void write(std::ofstream& file, base::ByteView bytes) {
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

/// Calls `use` with the content as a source.
template <class Use>
auto with_source(const FileContent& content, const Use& use)
    -> decltype(use(std::declval<media::ByteSource&>())) {
  if (const auto* bytes = std::get_if<base::Bytes>(&content)) {
    media::MemorySource source(*bytes);
    return use(source);
  }
  FileSource source(std::get<std::filesystem::path>(content));
  if (!source.is_open()) return fail(ErrorCode::kNotFound, "no such file");
  return use(source);
}

bool has_sidecar(media::MediaKind kind) {
  return kind != media::MediaKind::kImage && kind != media::MediaKind::kDocument &&
         kind != media::MediaKind::kSticker && kind != media::MediaKind::kHistory &&
         kind != media::MediaKind::kAppState;
}

using Sink = std::function<void(base::ByteView)>;

Result<FetchedFile> judge(const FileReference& file, std::uint64_t size, const crypto::Sha256Digest& hash) {
  FetchedFile fetched{.size = size, .sha256 = hash};
  if (!std::ranges::equal(hash, file.file_sha256)) {
    fetched.claims = FetchedFile::Claims::kWrongHash;
  } else if (file.length != size) {
    fetched.claims = FetchedFile::Claims::kWrongLength;
  }
  return fetched;
}

Result<FetchedFile> take_plain(const MediaObject& object, const FileReference& file, const Sink& sink) {
  FileSource source(object.file);
  crypto::Sha256State hash;
  base::Bytes piece(kPiece);
  std::uint64_t size = 0;
  for (;;) {
    WA_TRY(const std::size_t got, source.read(piece));
    if (got == 0) break;
    const base::ByteView view = base::ByteView{piece}.first(got);
    hash.update(view);
    sink(view);
    size += got;
  }
  return judge(file, size, hash.finish());
}

Result<FetchedFile> take_encrypted(const MediaObject& object, const FileReference& file, const Sink& sink) {
  if (file.media_key.size() != 32 || file.file_enc_sha256.size() != 32)
    return fail(ErrorCode::kMalformed, "the reference lacks its key or hash");
  const media::MediaKey key{base::to_fixed<32>(file.media_key)};
  media::MediaDecryptor decryptor(media::MediaKeys{key, file.kind},
                                  {.file_enc_sha256 = base::to_fixed<32>(file.file_enc_sha256)});
  FileSource source(object.file);
  base::Bytes piece(kPiece);
  base::Bytes plain;
  for (;;) {
    WA_TRY(const std::size_t got, source.read(piece));
    if (got == 0) break;
    plain.clear();
    decryptor.update(base::ByteView{piece}.first(got), plain);
    sink(plain);
  }
  plain.clear();
  WA_TRY(const media::DecryptedMedia facts, decryptor.finish(plain));
  sink(plain);
  return judge(file, facts.file_length, facts.file_sha256);
}

Result<FetchedFile> take(MediaStore& store, const FileReference& file, const Sink& sink) {
  if (file.direct_path.empty()) return fail(ErrorCode::kMalformed, "the reference has no direct path");
  const auto object = store.find(file.direct_path);
  if (!object || object->gone != 0) return fail(ErrorCode::kNotFound, "the file is not on the media hosts");
  auto taken =
      file.file_enc_sha256.empty() ? take_plain(*object, file, sink) : take_encrypted(*object, file, sink);
  if (taken) store.note_download(object->id, 0);
  return taken;
}

}  // namespace

Result<PublishedFile> publish_encrypted(MediaStore& store, media::MediaKind kind, media::MediaKey key,
                                        media::ByteSource& source) {
  WA_TRY(const std::filesystem::path path, store.new_file());
  std::ofstream out(path, std::ios::binary);
  media::MediaEncryptor encryptor(
      media::MediaKeys{key, kind},
      {.sidecar = has_sidecar(kind) ? media::Sidecar::kStreaming : media::Sidecar::kNone});
  base::Bytes piece(kPiece);
  base::Bytes sealed;
  for (;;) {
    WA_TRY(const std::size_t got, source.read(piece));
    if (got == 0) break;
    sealed.clear();
    encryptor.update(base::ByteView{piece}.first(got), sealed);
    write(out, sealed);
  }
  sealed.clear();
  media::EncryptedMedia facts = encryptor.finish(sealed);
  write(out, sealed);
  out.close();
  if (!out) return fail(ErrorCode::kIo, "cannot write the encrypted file");
  WA_TRY(MediaObject object,
         store.add(path, facts.file_enc_sha256, facts.encrypted_length, media::mms_type(kind)));
  return PublishedFile{std::move(object), std::move(key), std::move(facts)};
}

Result<void> publish_file(MediaStore& store, const FileContent& content, std::string_view host,
                          media::MediaKey key, FileReference& file) {
  WA_TRY(const PublishedFile published,
         with_source(content, [&](media::ByteSource& source) -> Result<PublishedFile> {
           return publish_encrypted(store, file.kind, std::move(key), source);
         }));
  file.direct_path = published.object.direct_path;
  file.url = "https://" + std::string{host} + file.direct_path;
  file.media_key = base::to_bytes(published.key.bytes());
  file.file_sha256 = base::to_bytes(published.facts.file_sha256);
  file.file_enc_sha256 = base::to_bytes(published.facts.file_enc_sha256);
  file.length = published.facts.file_length;
  file.sidecar = published.facts.streaming_sidecar;
  return {};
}

Result<void> publish_plain_file(MediaStore& store, const FileContent& content, FileReference& file) {
  return with_source(content, [&](media::ByteSource& source) -> Result<void> {
    WA_TRY(const std::filesystem::path path, store.new_file());
    std::ofstream out(path, std::ios::binary);
    crypto::Sha256State hash;
    base::Bytes piece(kPiece);
    for (;;) {
      WA_TRY(const std::size_t got, source.read(piece));
      if (got == 0) break;
      hash.update(base::ByteView{piece}.first(got));
      write(out, base::ByteView{piece}.first(got));
      file.length += got;
    }
    out.close();
    if (!out) return fail(ErrorCode::kIo, "cannot write the file");
    const crypto::Sha256Digest digest = hash.finish();
    WA_TRY(const MediaObject object,
           store.add(path, digest, file.length, "newsletter-" + std::string{file_kind_word(file.kind)}));
    file.direct_path = object.direct_path;
    file.url = "https://mmg.whatsapp.net" + object.direct_path;
    file.file_sha256 = base::to_bytes(digest);
    return {};
  });
}

Result<FetchedFile> fetch_file(MediaStore& store, const FileReference& file,
                               const std::filesystem::path& save_as) {
  if (save_as.empty()) return take(store, file, [](base::ByteView) {});
  std::ofstream out(save_as, std::ios::binary);
  auto fetched = take(store, file, [&](base::ByteView bytes) { write(out, bytes); });
  out.close();
  if (!out) return fail(ErrorCode::kIo, "cannot write " + save_as.string());
  return fetched;
}

Result<base::Bytes> fetch_bytes(MediaStore& store, const FileReference& file) {
  base::Bytes all;
  WA_TRY(const FetchedFile fetched,
         take(store, file, [&](base::ByteView bytes) { base::append(all, bytes); }));
  if (fetched.claims == FetchedFile::Claims::kWrongHash)
    return fail(ErrorCode::kCorrupt, "the file is not the one that the reference means");
  return all;
}

}  // namespace simulator
