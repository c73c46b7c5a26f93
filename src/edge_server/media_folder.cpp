#include "edge_server/media_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace edge_server {

using base::ErrorCode;
using base::Result;
namespace fs = std::filesystem;

namespace {

base::Error failed(std::string_view what) {
  return {ErrorCode::kIo, std::string{what}.append(": ").append(std::strerror(errno)), errno};
}

Result<void> write_all(int file, base::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::fail(failed("write media"));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return base::fail(failed("flush media"));
  return {};
}

}  // namespace

std::string MediaFolder::path(std::string_view instance_id, std::string_view media_id) const {
  return std::string{folder_}.append("/").append(instance_id).append("/").append(media_id);
}

Result<void> MediaFolder::write(std::string_view instance_id, std::string_view media_id,
                                base::ByteView bytes) const {
  const auto target = path(instance_id, media_id);
  std::error_code ignored;  // a folder that is missing shows at open()
  fs::create_directories(fs::path{target}.parent_path(), ignored);
  const auto temporary = target + ".part";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return base::fail(failed("create media file"));
  auto written = write_all(file, bytes);
  ::close(file);
  if (written && std::rename(temporary.c_str(), target.c_str()) != 0)
    written = base::fail(failed("name media"));
  if (!written) ::unlink(temporary.c_str());
  return written;
}

Result<std::string> MediaFolder::read(std::string_view instance_id, std::string_view media_id) const {
  std::ifstream file(path(instance_id, media_id), std::ios::binary);
  if (!file) return base::fail(ErrorCode::kNotFound, "the media file is gone");
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return base::fail(ErrorCode::kIo, "the media file cannot be read");
  return bytes;
}

void MediaFolder::remove(std::string_view instance_id, std::string_view media_id) const {
  std::error_code ignored;
  fs::remove(path(instance_id, media_id), ignored);
}

void MediaFolder::remove_all(std::string_view instance_id) const {
  std::error_code ignored;
  fs::remove_all(path(instance_id, {}), ignored);
}

}  // namespace edge_server
