// Sources of bodies: a file, bytes at hand, and a body written around another one.
#pragma once

#include <memory>
#include <string>

#include "runtime/blocking_executor.h"
#include "runtime/body_stream.h"
#include "runtime/http_client.h"

namespace runtime {

/// A file of known length, read on a lane: the loop never waits for the disk. A file that gets shorter
/// meanwhile is kIo; what is appended later is not sent.
class FileSource final : public BodySource {
 public:
  /// kIo, kNotFound.
  static Task<base::Result<std::unique_ptr<FileSource>>> open(BlockingExecutor::Lane lane, std::string path);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  [[nodiscard]] std::uint64_t length() const override { return length_; }
  Task<base::Result<void>> rewind() override;
  Task<base::Result<base::Bytes>> read(std::size_t most) override;

 private:
  FileSource(BlockingExecutor::Lane lane, int file, std::uint64_t length)
      : lane_(lane), file_(file), length_(length) {}
  BlockingExecutor::Lane lane_;
  int file_;
  std::uint64_t length_;
  std::uint64_t at_ = 0;
};

class BytesSource final : public BodySource {
 public:
  explicit BytesSource(base::Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t length() const override { return bytes_.size(); }
  Task<base::Result<void>> rewind() override;
  Task<base::Result<base::Bytes>> read(std::size_t most) override;

 private:
  base::Bytes bytes_;
  std::size_t at_ = 0;
};

/// Head, another body, tail: a form, or JSON with a file inside.
class FramedSource final : public BodySource {
 public:
  enum class Inside { kAsItIs, kBase64 };
  /// `content` must outlive it.
  FramedSource(std::string head, BodySource& content, std::string tail, Inside inside)
      : head_(std::move(head)), content_(content), tail_(std::move(tail)), inside_(inside) {}

  [[nodiscard]] std::uint64_t length() const override;
  Task<base::Result<void>> rewind() override;
  Task<base::Result<base::Bytes>> read(std::size_t most) override;

 private:
  Task<base::Result<base::Bytes>> read_base64(std::size_t most);
  [[nodiscard]] std::uint64_t content_end() const;

  std::string head_;
  BodySource& content_;
  std::string tail_;
  Inside inside_;
  std::uint64_t at_ = 0;        // in the whole
  std::uint64_t consumed_ = 0;  // of the content
  base::Bytes text_;            // base64 that has not been handed out yet
};

/// The whole body of a request, whatever it comes from: for what cannot stream.
Task<base::Result<std::string>> whole_body(const HttpRequest& request);

}  // namespace runtime
