#include "importers/baileys_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::string reason_of(int error) { return std::error_code(error, std::generic_category()).message(); }

struct CloseFile {
  int fd;
  ~CloseFile() { ::close(fd); }
};

Result<std::string> read_whole(const std::string& path, const std::string& name) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return fail(ErrorCode::kIo, fmt::format("{} cannot be opened: {}", name, reason_of(errno)));
  const CloseFile closing{fd};
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + 16 * 1024);
    const ssize_t got = ::read(fd, text.data() + before, text.size() - before);
    if (got < 0) return fail(ErrorCode::kIo, fmt::format("{} cannot be read: {}", name, reason_of(errno)));
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (text.size() > kMaxRecordFile) return fail(ErrorCode::kLimit, name + " is too large to be a record");
  }
}

}  // namespace

Result<BaileysFolder> BaileysFolder::open(const std::string& path, std::int64_t now,
                                          std::int64_t quiet_seconds) {
  BaileysFolder folder(path);
  WA_TRY_VOID(folder.list());
  if (folder.ids(Category::kCreds).empty())
    return fail(ErrorCode::kNotFound, fmt::format("there is no creds.json in {}", path));
  const std::int64_t quiet_since = (now - quiet_seconds) * kNanosecondsPerSecond;
  for (const auto& [record, file] : folder.files_)
    if (quiet_seconds > 0 && file.changed_ns > quiet_since)
      return fail(ErrorCode::kConflict,
                  fmt::format("{} was written less than {} s ago: is Baileys still running?", file.name,
                              quiet_seconds));
  return folder;
}

Result<void> BaileysFolder::list() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path_.c_str()), ::closedir);
  if (!directory)
    return fail(ErrorCode::kNotFound, fmt::format("{} cannot be opened: {}", path_, reason_of(errno)));
  std::size_t entries = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (++entries > kMaxFolderEntries)
      return fail(ErrorCode::kLimit, fmt::format("{} has more than {} entries", path_, kMaxFolderEntries));
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const auto record = record_of_file(name);
    WA_TRY(auto file, record ? look_at(name) : Result<std::optional<File>>{std::nullopt});
    if (!file || !files_.emplace(*record, *std::move(file)).second) {
      ++ignored_;
      continue;
    }
    ids_[static_cast<std::size_t>(record->category)].push_back(record->id);
  }
  return {};
}

/// Nothing for what is no ordinary file.
Result<std::optional<BaileysFolder::File>> BaileysFolder::look_at(const std::string& name) const {
  struct stat facts {};
  const std::string path = path_ + "/" + name;
  if (::lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return fail(ErrorCode::kIo, fmt::format("{} cannot be looked at: {}", name, reason_of(errno)));
  }
  if (!S_ISREG(facts.st_mode)) return std::nullopt;
  return File{name, facts.st_size, facts.st_mtim.tv_sec * kNanosecondsPerSecond + facts.st_mtim.tv_nsec};
}

const std::vector<std::string>& BaileysFolder::ids(Category category) const {
  return ids_[static_cast<std::size_t>(category)];
}

Result<std::string> BaileysFolder::read(const RecordId& record) {
  const auto found = files_.find(record);
  if (found == files_.end()) return fail(ErrorCode::kNotFound, "there is no such record");
  const std::string& name = found->second.name;
  return read_whole(path_ + "/" + name, name);
}

Result<void> BaileysFolder::check_unchanged() {
  for (const auto& [record, file] : files_) {
    WA_TRY(const auto now, look_at(file.name));
    if (now != file)
      return fail(ErrorCode::kConflict, file.name + " changed while it was read: is Baileys still running?");
  }
  BaileysFolder again(path_);
  WA_TRY_VOID(again.list());
  if (again.files_.size() != files_.size())
    return fail(ErrorCode::kConflict,
                "files came or went while the folder was read: is Baileys still running?");
  return {};
}

}  // namespace importers
