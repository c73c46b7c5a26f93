#include "runtime/body_sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/encoding.h"

namespace runtime {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::Result;

std::unexpected<base::Error> cannot_read(int error) {
  const auto code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return base::fail(code, std::string{"a file cannot be read: "} + std::strerror(error));
}

struct Opened {
  int file = -1;
  std::uint64_t length = 0;
};

Result<Opened> open_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return cannot_read(errno);
  struct stat facts {};
  if (::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode))
    return Opened{file, static_cast<std::uint64_t>(facts.st_size)};
  ::close(file);
  return base::fail(ErrorCode::kIo, "not a file that can be read");
}

Result<Bytes> read_at(int file, std::uint64_t offset, std::size_t most) {
  Bytes bytes(most);
  const auto count = ::pread(file, bytes.data(), most, static_cast<off_t>(offset));
  if (count < 0) return cannot_read(errno);
  if (count == 0) return base::fail(ErrorCode::kIo, "a file got shorter while it was read");
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace

// ---- files ------------------------------------------------------------------------------------------

Task<Result<std::unique_ptr<FileSource>>> FileSource::open(BlockingExecutor::Lane lane, std::string path) {
  const auto job = [&path] { return open_file(path); };
  WA_CO_TRY(const Opened opened, co_await lane.run(job));
  co_return std::unique_ptr<FileSource>(new FileSource(lane, opened.file, opened.length));
}

FileSource::~FileSource() { ::close(file_); }

Task<Result<void>> FileSource::rewind() {
  at_ = 0;
  co_return Result<void>{};
}

Task<Result<Bytes>> FileSource::read(std::size_t most) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(most, length_ - at_));
  const auto job = [this, size] { return read_at(file_, at_, size); };
  WA_CO_TRY(auto bytes, co_await lane_.run(job));
  at_ += bytes.size();
  co_return bytes;
}

// ---- bytes ------------------------------------------------------------------------------------------

Task<Result<void>> BytesSource::rewind() {
  at_ = 0;
  co_return Result<void>{};
}

Task<Result<Bytes>> BytesSource::read(std::size_t most) {
  const auto part = base::ByteView{bytes_}.subspan(at_).first(std::min(most, bytes_.size() - at_));
  at_ += part.size();
  co_return base::to_bytes(part);
}

// ---- frames -----------------------------------------------------------------------------------------

std::uint64_t FramedSource::content_end() const {
  const std::uint64_t plain = content_.length();
  return head_.size() + (inside_ == Inside::kBase64 ? (plain + 2) / 3 * 4 : plain);
}

std::uint64_t FramedSource::length() const { return content_end() + tail_.size(); }

Task<Result<void>> FramedSource::rewind() {
  at_ = consumed_ = 0;
  text_.clear();
  return content_.rewind();
}

Task<Result<Bytes>> FramedSource::read(std::size_t most) {
  Bytes out;
  if (at_ < head_.size()) {
    out = base::to_bytes(std::string_view{head_}.substr(at_, most));
  } else if (at_ >= content_end()) {
    out = base::to_bytes(std::string_view{tail_}.substr(at_ - content_end(), most));
  } else if (inside_ == Inside::kBase64) {
    WA_CO_TRY(out, co_await read_base64(most));
  } else {
    WA_CO_TRY(out, co_await content_.read(most));
  }
  at_ += out.size();
  co_return out;
}

/// Groups of three bytes become four characters; `most` may ask for less than one group.
Task<Result<Bytes>> FramedSource::read_base64(std::size_t most) {
  if (text_.empty()) {
    const std::size_t wanted = std::max<std::size_t>(most / 4, 1) * 3;
    Bytes group;
    while (group.size() < wanted && consumed_ < content_.length()) {
      WA_CO_TRY(const auto more, co_await content_.read(wanted - group.size()));
      if (more.empty()) co_return base::fail(ErrorCode::kIo, "a file got shorter while it was read");
      consumed_ += more.size();
      base::append(group, more);
    }
    text_ = base::to_bytes(base::to_base64(group));
  }
  const std::size_t part = std::min(most, text_.size());
  Bytes out(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(part));
  text_.erase(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(part));
  co_return out;
}

Task<Result<std::string>> whole_body(const HttpRequest& request) {
  if (request.source == nullptr) co_return request.body;
  WA_CO_TRY_VOID(co_await request.source->rewind());
  std::string body;
  while (body.size() < request.source->length()) {
    WA_CO_TRY(const auto piece, co_await request.source->read(64 * 1024));
    if (piece.empty()) co_return base::fail(ErrorCode::kIo, "a body ended early");
    body += base::as_text(piece);
  }
  co_return body;
}

}  // namespace runtime
