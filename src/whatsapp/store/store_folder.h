// The folder of one account, AUTH_BASE/<instanceId>/, as the store sees it: who may use it, where the file
// is, and what happens to a file that can no longer be trusted.
//
//   device.db                       the account (0600, the folder is 0700), with device.db-wal while open
//   device.lock                     locked while a process uses the account
//   device.db.corrupt-<unixtime>    a damaged file, set aside, never deleted by us
//   QUARANTINED.txt                 says so in words; while it is there, the account is not opened again, so
//                                   that a damaged link is never replaced by an empty one without a person
//                                   having decided it: put a backup in place or not, then delete this file
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace whatsapp::store {

class StoreFolder {
 public:
  /// Creates the folder (and its parents) if need be and takes its lock. kConflict when another process, or
  /// another store of this one, has it; kCorrupt while it is quarantined; kIo.
  static base::Result<StoreFolder> claim(std::string directory);
  ~StoreFolder();
  StoreFolder(StoreFolder&& other) noexcept;
  StoreFolder& operator=(StoreFolder&&) = delete;

  /// Whether there is an account in that folder, damaged or not. Needs no lock.
  static bool holds_account(const std::string& directory);

  [[nodiscard]] std::string file() const;
  /// The file was not closed in good order: its write-ahead log is still there.
  [[nodiscard]] bool left_open() const;
  /// Makes an empty file, readable by its owner only, if there is none. Durable.
  base::Result<void> ensure_file() const;

  /// Moves a closed device.db from `directory`, on the same disk, to here: from one moment to the next there
  /// is an account. Durable. kConflict if there is one already or the other file was not closed in good
  /// order.
  base::Result<void> adopt(const std::string& directory) const;
  /// Renames the file to device.db.<name>: the account leaves, for somebody else to go on with.
  base::Result<void> put_aside(const std::string& name) const;

  /// Renames the file and its log to device.db.corrupt-<now> and leaves the notice. Returns the sentence to
  /// report.
  base::Result<std::string> quarantine(std::string_view reason, std::int64_t now) const;

  /// An empty device.db in a new folder, both for the owner alone. Returns its path.
  static base::Result<std::string> make_empty_file_in(const std::string& directory);

 private:
  StoreFolder(std::string directory, int lock) : directory_(std::move(directory)), lock_(lock) {}
  base::Result<void> refuse_if_quarantined() const;

  std::string directory_;
  int lock_;
};

}  // namespace whatsapp::store
