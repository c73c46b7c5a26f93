// Files on their way, as steps for a lane: each call does a bounded piece of work and blocks on the disk.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/blocking_executor.h"
#include "runtime/body_stream.h"
#include "whatsapp/media/file_proof.h"
#include "whatsapp/media/media_decryptor.h"
#include "whatsapp/media/media_encryptor.h"
#include "whatsapp/media/media_verifier.h"

namespace whatsapp {

/// A file descriptor that closes itself.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~OpenFile();
  static base::Result<OpenFile> to_read(const std::string& path);
  /// Must not exist yet; for us only.
  static base::Result<OpenFile> create(const std::string& path);

  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  /// At most `most` bytes, less only at the end.
  [[nodiscard]] base::Result<base::Bytes> read(std::size_t most) const;
  [[nodiscard]] base::Result<void> write(base::ByteView bytes) const;
  [[nodiscard]] base::Result<void> truncate() const;
  [[nodiscard]] base::Result<void> sync() const;

 private:
  int descriptor_ = -1;
};

/// Removes a file when it goes, unless it has been moved away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Moves the file to its final name, durably.
  base::Result<void> publish(const std::string& target);

 private:
  std::string path_;
};

/// The body of an upload: a file, encrypted while it is sent. The same bytes after every rewind.
class EncryptingSource final : public runtime::BodySource {
 public:
  /// Reads the whole file once to learn what the message must say about it. kIo, kNotFound, kCancelled.
  static runtime::Task<base::Result<std::unique_ptr<EncryptingSource>>> prepare(
      runtime::BlockingExecutor::Lane lane, std::string path, media::MediaKeys keys,
      media::EncryptOptions options);

  [[nodiscard]] const media::EncryptedMedia& facts() const { return facts_; }
  [[nodiscard]] std::uint64_t length() const override { return facts_.encrypted_length; }
  runtime::Task<base::Result<void>> rewind() override;
  runtime::Task<base::Result<base::Bytes>> read(std::size_t most) override;

  EncryptingSource(runtime::BlockingExecutor::Lane lane, std::string path, const media::MediaKeys& keys)
      : lane_(lane), path_(std::move(path)), keys_(keys) {}

 private:
  base::Result<base::Bytes> next_piece(std::size_t most);

  runtime::BlockingExecutor::Lane lane_;
  std::string path_;
  media::MediaKeys keys_;
  media::EncryptedMedia facts_;
  OpenFile file_;
  std::optional<media::MediaEncryptor> encryptor_;
  base::Bytes ready_;  // encrypted, not handed out yet
};

/// Takes a download in: onto the disk and past the verifier.
class IncomingFile {
 public:
  IncomingFile(std::string path, media::FileProof proof, media::MediaKind kind);
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  [[nodiscard]] std::uint64_t length() const { return length_; }
  base::Result<void> append(base::ByteView bytes);
  /// From the beginning again: nothing of the last attempt stays, neither in the file nor in the hashes.
  base::Result<void> restart();
  /// At the end: is it the file of the message? Errors as MediaVerifier::finish().
  base::Result<void> verify();

  /// After verify(): decrypts a bounded part into `target`; true when that was the last one.
  base::Result<bool> decrypt_some(const OpenFile& target);
  [[nodiscard]] const media::DecryptedMedia& decrypted() const { return decrypted_; }
  [[nodiscard]] bool is_encrypted() const { return keys_.has_value(); }
  [[nodiscard]] const std::string& path() const { return path_.path(); }
  base::Result<void> publish(const std::string& target) { return path_.publish(target); }
  [[nodiscard]] base::Result<void> sync() const { return file_.sync(); }

 private:
  void reset_verifier();

  TemporaryFile path_;
  media::FileProof proof_;
  std::optional<media::MediaKeys> keys_;  // absent: a channel's file, not encrypted
  OpenFile file_;
  std::uint64_t length_ = 0;
  std::optional<media::MediaVerifier> verifier_;
  std::optional<media::PlainFileVerifier> plain_verifier_;
  OpenFile again_;  // second pass
  std::optional<media::MediaDecryptor> decryptor_;
  media::DecryptedMedia decrypted_;
};

}  // namespace whatsapp
