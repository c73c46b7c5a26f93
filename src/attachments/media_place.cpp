#include "attachments/media_place.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "attachments/media_type.h"
#include "base/encoding.h"
#include "crypto/hash.h"

namespace worker {
namespace {

constexpr std::size_t kLongestId = 80;

std::string safe_id(std::string_view id) {
  std::string out;
  for (const char c : id.substr(0, kLongestId)) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    out += plain ? c : '_';
  }
  if (out != id || out.empty())
    out += "-" + base::to_hex(base::ByteView{crypto::sha256(base::as_bytes(id))}.first(6));
  return out;
}

}  // namespace

MediaPlace media_place(std::string_view media_base, std::string_view instance_id, std::string_view message_id,
                       std::string_view mimetype) {
  MediaPlace place;
  place.folder = std::string{media_base} + "/" + safe_id(instance_id);
  place.file = place.folder + "/" + safe_id(message_id) + "." + extension_of(mimetype);
  place.mark = place.file + std::string{kOwedMark};
  return place;
}

base::Result<void> begin_owing(const MediaPlace& place) {
  std::error_code error;
  std::filesystem::create_directories(place.folder, error);
  const int mark = error ? -1 : ::open(place.mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (mark < 0)
    return base::fail(base::ErrorCode::kIo,
                      "the media folder cannot be written: " +
                          (error ? error.message() : std::string{std::strerror(errno)}));
  ::close(mark);
  return {};
}

void end_owing(const MediaPlace& place) { ::unlink(place.mark.c_str()); }

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error);
}

}  // namespace worker
