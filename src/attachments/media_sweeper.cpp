#include "attachments/media_sweeper.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "attachments/media_place.h"

namespace worker {
namespace {

namespace fs = std::filesystem;
using WallTime = base::Clock::wall_time;

constexpr base::Duration kRemainsKept = std::chrono::hours{24};

struct File {
  std::string path;
  std::uint64_t size = 0;
  WallTime changed{};
};

struct Found {
  std::vector<File> files;    // received, not owed
  std::vector<File> remains;  // of transfers and of marks without a file
  std::vector<File> owed;
};

DiskUse real_disk(const std::string& folder) {
  struct statvfs use {};
  if (::statvfs(folder.c_str(), &use) != 0) return {};
  return {use.f_blocks * use.f_frsize, use.f_bavail * use.f_frsize};
}

bool look_at(const std::string& path, File& file) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return false;
  file.path = path;
  file.size = static_cast<std::uint64_t>(facts.st_size);
  file.changed = WallTime{std::chrono::seconds{facts.st_mtim.tv_sec}};
  return true;
}

bool is_remains(const std::string& name, const fs::path& path) {
  if (name.starts_with(".")) return true;  // .part-…, .out-…
  if (!name.ends_with(kOwedMark)) return false;
  const std::string text = path.string();
  return !is_there(text.substr(0, text.size() - kOwedMark.size()));
}

void look_into(const fs::path& folder, Found& found) {
  std::error_code error;
  const bool temporary = folder.filename().string().starts_with(".");
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    File file;
    if (!look_at(entry.path().string(), file)) continue;
    const std::string name = entry.path().filename().string();
    if (temporary || is_remains(name, entry.path())) {
      found.remains.push_back(std::move(file));
    } else if (name.ends_with(kOwedMark)) {
      continue;
    } else if (is_there(file.path + std::string{kOwedMark})) {
      found.owed.push_back(std::move(file));
    } else {
      found.files.push_back(std::move(file));
    }
  }
}

void remove(const File& file, Swept& swept) {
  if (::unlink(file.path.c_str()) != 0) return;
  ++swept.files;
  swept.bytes += file.size;
}

}  // namespace

MediaSweeper::MediaSweeper(SweepSettings settings, std::function<DiskUse(const std::string&)> disk)
    : settings_(std::move(settings)), disk_(disk ? std::move(disk) : real_disk) {}

Swept MediaSweeper::sweep(WallTime now) const {
  Found found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(settings_.media_base, error))
    if (entry.is_directory(error) && !entry.is_symlink(error)) look_into(entry.path(), found);

  Swept swept;
  for (const File& file : found.remains)
    if (now - file.changed > kRemainsKept) remove(file, swept);
  const bool for_ever = settings_.keep.count() == 0;
  const auto is_old = [&](const File& file) { return !for_ever && now - file.changed > settings_.keep; };
  swept.owed = static_cast<std::uint64_t>(std::ranges::count_if(found.owed, is_old));
  std::ranges::sort(found.files, {}, &File::changed);  // the oldest first

  const DiskUse disk = disk_(settings_.media_base);
  const auto used = static_cast<double>(disk.size - std::min(disk.free, disk.size));
  double too_much = used - settings_.most_full * static_cast<double>(disk.size);
  for (const File& file : found.files) {
    if (!is_old(file) && too_much <= 0) break;
    remove(file, swept);
    too_much -= static_cast<double>(file.size);
  }
  return swept;
}

}  // namespace worker
