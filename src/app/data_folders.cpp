#include "app/data_folders.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace worker {

base::Result<void> prepare_data_folder(const std::string& folder, const std::string& setting) {
  std::error_code error;
  const bool created = std::filesystem::create_directories(folder, error);
  if (error)
    return base::fail(base::ErrorCode::kIo, fmt::format("{}={}: the folder cannot be created: {}", setting,
                                                        folder, error.message()));
  if (created) chmod(folder.c_str(), 0700);
  if (access(folder.c_str(), R_OK | W_OK | X_OK) == 0) return {};
  return base::fail(base::ErrorCode::kIo,
                    fmt::format("{}={}: not writable for user {}; give the volume to that user (chown {} {})",
                                setting, folder, getuid(), getuid(), folder));
}

}  // namespace worker
