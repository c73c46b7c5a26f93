#include "whatsapp/store/store_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <utility>

namespace whatsapp::store {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kFile = "device.db";
constexpr const char* kLock = "device.lock";
constexpr const char* kNotice = "QUARANTINED.txt";
constexpr const char* kCorruptMark = "device.db.corrupt-";
constexpr mode_t kOwnerOnlyFile = 0600;
constexpr mode_t kOwnerOnlyFolder = 0700;

/// A file descriptor that closes itself.
struct Descriptor {
  int fd;
  explicit Descriptor(int fd_) : fd(fd_) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

std::string reason_of(int error) { return std::error_code(error, std::generic_category()).message(); }

Result<void> sync_folder(const std::string& directory) {
  const Descriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0 || ::fsync(folder.fd) != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot sync the folder {}: {}", directory, reason_of(errno)));
  return {};
}

/// Every folder that is made here belongs to the owner alone; those that exist stay as they are.
Result<void> make_folder(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return {};
  if (directory.has_parent_path() && directory.parent_path() != directory)
    WA_TRY_VOID(make_folder(directory.parent_path()));
  if (::mkdir(directory.c_str(), kOwnerOnlyFolder) != 0 && errno != EEXIST)
    return fail(ErrorCode::kIo,
                fmt::format("cannot make the folder {}: {}", directory.string(), reason_of(errno)));
  if (directory.has_parent_path()) WA_TRY_VOID(sync_folder(directory.parent_path()));
  return {};
}

Result<int> open_owned(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnlyFile));
  // fchmod: neither a umask nor an older file's mode decides who may read.
  if (file.fd < 0 || ::fchmod(file.fd, kOwnerOnlyFile) != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot open {}: {}", path, reason_of(errno)));
  return file.release();
}

}  // namespace

Result<StoreFolder> StoreFolder::claim(std::string directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.pop_back();
  WA_TRY_VOID(make_folder(directory));
  if (::chmod(directory.c_str(), kOwnerOnlyFolder) != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot protect the folder {}: {}", directory, reason_of(errno)));
  WA_TRY(const int lock, open_owned(directory + "/" + kLock));
  StoreFolder folder(std::move(directory), lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::kConflict,
                fmt::format("{} is in use by another process: stop that one first", folder.directory_));
  WA_TRY_VOID(folder.refuse_if_quarantined());
  return folder;
}

StoreFolder::~StoreFolder() {
  if (lock_ >= 0) ::close(lock_);
}

StoreFolder::StoreFolder(StoreFolder&& other) noexcept
    : directory_(std::move(other.directory_)), lock_(std::exchange(other.lock_, -1)) {}

std::string StoreFolder::file() const { return directory_ + "/" + kFile; }

bool StoreFolder::left_open() const {
  std::error_code error;
  return fs::file_size(file() + "-wal", error) > 0 && !error;
}

Result<void> StoreFolder::ensure_file() const {
  std::error_code error;
  const bool existed = fs::exists(file(), error);
  WA_TRY(const int fd, open_owned(file()));
  const Descriptor opened(fd);
  if (existed) return {};
  return sync_folder(directory_);
}

bool StoreFolder::holds_account(const std::string& directory) {
  std::error_code error;
  const fs::path folder(directory);
  if (fs::exists(folder / kNotice, error)) return true;
  for (const char* suffix : {"", "-wal"})
    if (fs::file_size(directory + "/" + kFile + suffix, error) > 0 && !error) return true;
  return false;
}

Result<void> StoreFolder::adopt(const std::string& directory) const {
  const std::string from = directory + "/" + kFile;
  std::error_code error;
  if (holds_account(directory_))
    return fail(ErrorCode::kConflict, fmt::format("{} holds an account already", directory_));
  if (fs::file_size(from + "-wal", error) > 0 && !error)
    return fail(ErrorCode::kConflict, fmt::format("{} was not closed in good order", from));
  {
    WA_TRY(const int fd, open_owned(from));
    const Descriptor file(fd);
    if (::fsync(fd) != 0)
      return fail(ErrorCode::kIo, fmt::format("cannot sync {}: {}", from, reason_of(errno)));
  }
  if (::rename(from.c_str(), file().c_str()) != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot move {} to {}: {}", from, file(), reason_of(errno)));
  return sync_folder(directory_);
}

Result<void> StoreFolder::put_aside(const std::string& name) const {
  if (left_open()) return fail(ErrorCode::kConflict, fmt::format("{} was not closed in good order", file()));
  const std::string target = file() + "." + name;
  if (::rename(file().c_str(), target.c_str()) != 0)
    return fail(ErrorCode::kIo, fmt::format("cannot rename {}: {}", file(), reason_of(errno)));
  return sync_folder(directory_);
}

Result<void> StoreFolder::refuse_if_quarantined() const {
  std::error_code error;
  const auto notice = directory_ + "/" + kNotice;
  if (!fs::exists(notice, error)) return {};
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("the account's file was damaged and has been set aside in {}; put a backup back as {} or "
                  "accept that it must be linked again, then delete {}",
                  directory_, kFile, kNotice));
}

Result<std::string> StoreFolder::quarantine(std::string_view reason, std::int64_t now) const {
  const auto target = fmt::format("{}/{}{}", directory_, kCorruptMark, now);
  const auto sentence = fmt::format("{}; the file was set aside as {}", reason, target);
  {
    // The notice first: a crash in between must not leave a folder that looks new.
    std::ofstream notice(directory_ + "/" + kNotice, std::ios::trunc);
    notice << "The file of this WhatsApp account was damaged.\n"
           << "What was found: " << sentence << ".\n"
           << "The account is not started while this text is here. Put a backup back as " << kFile
           << ", or accept that the\naccount must be linked again. Then delete this text.\n";
    notice.flush();
    if (!notice) return fail(ErrorCode::kIo, "cannot write " + directory_ + "/" + kNotice);
  }
  for (const char* suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    fs::rename(file() + suffix, target + suffix, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return fail(ErrorCode::kIo, fmt::format("cannot set aside {}{}: {}", file(), suffix, error.message()));
  }
  WA_TRY_VOID(sync_folder(directory_));
  return sentence;
}

Result<std::string> StoreFolder::make_empty_file_in(const std::string& directory) {
  WA_TRY_VOID(make_folder(directory));
  auto path = directory + "/" + kFile;
  WA_TRY(const int fd, open_owned(path));
  const Descriptor opened(fd);
  WA_TRY_VOID(sync_folder(directory));
  return path;
}

}  // namespace whatsapp::store
