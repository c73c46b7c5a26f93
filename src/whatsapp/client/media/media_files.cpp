#include "whatsapp/client/media/media_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Result;
using runtime::Task;

namespace {

constexpr std::size_t kPiece = 256 * 1024;  // of one read
constexpr int kPiecesPerJob = 16;           // so that no job holds the lane for long

std::unexpected<base::Error> failed(const char* what, int error) {
  const auto code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return base::fail(code, std::string{what} + ": " + std::strerror(error), error);
}

/// A rename is durable once its folder is.
Result<void> sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("a media folder cannot be opened", errno);
  const OpenFile owner(descriptor);
  return owner.sync();
}

}  // namespace

// ---- files ------------------------------------------------------------------------------------------

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<OpenFile> OpenFile::to_read(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return failed("a media file cannot be read", errno);
  return OpenFile{descriptor};
}

Result<OpenFile> OpenFile::create(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0)
    return base::fail(ErrorCode::kIo, std::string{"a media file cannot be made: "} + std::strerror(errno));
  return OpenFile{descriptor};
}

Result<Bytes> OpenFile::read(std::size_t most) const {
  Bytes bytes(most);
  std::size_t have = 0;
  while (have < most) {
    const auto count = ::read(descriptor_, bytes.data() + have, most - have);
    if (count < 0) return failed("a media file cannot be read", errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

Result<void> OpenFile::write(ByteView bytes) const {
  while (!bytes.empty()) {
    const auto count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0) return failed("a media file cannot be written", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> OpenFile::truncate() const {
  if (::ftruncate(descriptor_, 0) == 0 && ::lseek(descriptor_, 0, SEEK_SET) == 0) return {};
  return failed("a media file cannot be written", errno);
}

Result<void> OpenFile::sync() const {
  if (::fsync(descriptor_) == 0) return {};
  return failed("a media file cannot be written", errno);
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> TemporaryFile::publish(const std::string& target) {
  if (std::rename(path_.c_str(), target.c_str()) != 0)
    return failed("a media file cannot be put in its place", errno);
  path_.clear();
  return sync_folder(target);
}

// ---- out --------------------------------------------------------------------------------------------

Task<Result<std::unique_ptr<EncryptingSource>>> EncryptingSource::prepare(
    runtime::BlockingExecutor::Lane lane, std::string path, media::MediaKeys keys,
    media::EncryptOptions options) {
  auto source = std::make_unique<EncryptingSource>(lane, path, keys);
  const auto open = [&path] { return OpenFile::to_read(path); };
  WA_CO_TRY(const OpenFile file, co_await lane.run(open));
  media::MediaEncryptor encryptor(keys, options);
  Bytes discarded;
  const auto some = [&]() -> Result<bool> {
    for (int i = 0; i < kPiecesPerJob; ++i) {
      WA_TRY(const Bytes piece, file.read(kPiece));
      discarded.clear();
      encryptor.update(piece, discarded);
      if (piece.size() < kPiece) return true;
    }
    return false;
  };
  for (bool done = false; !done;) {
    WA_CO_TRY(done, co_await lane.run(some));
    const runtime::Cancellation* cancellation = co_await runtime::current_cancellation();
    if (cancellation != nullptr && cancellation->cancelled())
      co_return base::fail(ErrorCode::kCancelled, "cancelled");
  }
  source->facts_ = encryptor.finish(discarded);
  co_return source;
}

Task<Result<void>> EncryptingSource::rewind() {
  const auto open = [this] { return OpenFile::to_read(path_); };
  WA_CO_TRY(file_, co_await lane_.run(open));
  encryptor_.emplace(keys_);
  ready_.clear();
  co_return Result<void>{};
}

Task<Result<Bytes>> EncryptingSource::read(std::size_t most) {
  const auto job = [this, most] { return next_piece(most); };
  co_return co_await lane_.run(job);
}

Result<Bytes> EncryptingSource::next_piece(std::size_t most) {
  while (ready_.size() < most && encryptor_) {
    WA_TRY(const Bytes piece, file_.read(kPiece));
    encryptor_->update(piece, ready_);
    if (piece.size() == kPiece) continue;
    const auto facts = encryptor_->finish(ready_);
    encryptor_.reset();
    if (facts.file_enc_sha256 != facts_.file_enc_sha256)
      return base::fail(ErrorCode::kIo, "a media file changed while it was sent");
  }
  const auto end = ready_.begin() + static_cast<std::ptrdiff_t>(std::min(most, ready_.size()));
  Bytes out(ready_.begin(), end);
  ready_.erase(ready_.begin(), end);
  return out;
}

// ---- in ---------------------------------------------------------------------------------------------

IncomingFile::IncomingFile(std::string path, media::FileProof proof, media::MediaKind kind)
    : path_(std::move(path)), proof_(std::move(proof)) {
  if (const auto* encrypted = std::get_if<media::EncryptedFileProof>(&proof_))
    keys_.emplace(encrypted->media_key, kind);
  reset_verifier();
}

void IncomingFile::reset_verifier() {
  if (const auto* encrypted = std::get_if<media::EncryptedFileProof>(&proof_)) {
    verifier_.emplace(*keys_, encrypted->file_enc_sha256);
  } else {
    plain_verifier_.emplace(std::get<media::PlainFileProof>(proof_));
  }
}

Result<void> IncomingFile::restart() {
  if (length_ > 0) WA_TRY_VOID(file_.truncate());
  length_ = 0;
  reset_verifier();
  return {};
}

Result<void> IncomingFile::append(ByteView bytes) {
  if (!file_.is_open()) {
    WA_TRY(file_, OpenFile::create(path_.path()));
  }
  WA_TRY_VOID(file_.write(bytes));
  length_ += bytes.size();
  if (verifier_) verifier_->update(bytes);
  if (plain_verifier_) plain_verifier_->update(bytes);
  return {};
}

Result<void> IncomingFile::verify() {
  if (!file_.is_open()) {  // an empty file of a channel
    WA_TRY(file_, OpenFile::create(path_.path()));
  }
  if (verifier_) return verifier_->finish();
  decrypted_.file_length = length_;
  decrypted_.file_sha256 = std::get<media::PlainFileProof>(proof_).file_sha256;
  decrypted_.plaintext_hash = media::PlaintextHash::kMatches;
  return plain_verifier_->finish();
}

Result<bool> IncomingFile::decrypt_some(const OpenFile& target) {
  if (!decryptor_) {
    WA_TRY(again_, OpenFile::to_read(path_.path()));
    media::ExpectedFile expected;
    expected.file_sha256 = std::get<media::EncryptedFileProof>(proof_).file_sha256;
    decryptor_.emplace(*keys_, expected);
  }
  Bytes plain;
  for (int i = 0; i < kPiecesPerJob; ++i) {
    WA_TRY(const Bytes piece, again_.read(kPiece));
    plain.clear();
    decryptor_->update(piece, plain);
    const bool last = piece.size() < kPiece;
    if (last) {
      WA_TRY(decrypted_, decryptor_->finish(plain));
    }
    WA_TRY_VOID(target.write(plain));
    if (last) return true;
  }
  return false;
}

}  // namespace whatsapp
