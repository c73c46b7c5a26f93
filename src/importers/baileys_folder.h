// The multi-file auth folder on disk. It is read, never written: nothing in it is renamed, touched or
// deleted. Baileys rewrites its files in place, so a folder that changes while it is read is refused.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "importers/record_source.h"

namespace importers {

inline constexpr std::size_t kMaxFolderEntries = 500'000;
inline constexpr std::size_t kMaxRecordFile = 4u << 20;  // bytes

class BaileysFolder final : public RecordSource {
 public:
  /// Lists the folder. kNotFound: no folder, or no creds.json in it. kLimit: too many entries.
  /// kConflict: creds.json or another file was written less than `quiet_seconds` before `now`.
  static base::Result<BaileysFolder> open(const std::string& path, std::int64_t now,
                                          std::int64_t quiet_seconds);

  [[nodiscard]] const std::vector<std::string>& ids(Category category) const override;
  base::Result<std::string> read(const RecordId& record) override;
  base::Result<void> check_unchanged() override;
  [[nodiscard]] std::size_t ignored() const override { return ignored_; }

 private:
  struct File {
    std::string name;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const File&, const File&) = default;
  };

  explicit BaileysFolder(std::string path) : path_(std::move(path)) {}
  base::Result<void> list();
  base::Result<std::optional<File>> look_at(const std::string& name) const;

  std::string path_;
  std::vector<std::string> ids_[kCategoryCount];
  std::map<RecordId, File> files_;
  std::size_t ignored_ = 0;
};

}  // namespace importers
