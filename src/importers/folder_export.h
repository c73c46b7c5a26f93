// The way back: an account of ours becomes a Baileys folder (`useMultiFileAuthState` of 7.x) and stops being
// ours. Both could not go on from the same keys, so our file is put aside before the folder appears.
//
// Not given along: our own sender keys and who has them (Baileys hands out a fresh one), device lists and
// app-state versions (it asks for them again), and everything about messages, which such folders never hold.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/result.h"

namespace importers {

/// What becomes of our own file.
enum class AfterExport {
  kPutAside,  // device.db.exported-<time>
  kKeep,      // the operator knows that only one of the two will run
};

struct FolderExport {
  std::string auth_base;
  std::string instance_id;
  std::string target;  // must not exist, or be an empty folder
  AfterExport after = AfterExport::kPutAside;
  std::int64_t now = 0;  // Unix seconds
};

struct ExportReport {
  std::string own_jid;
  std::size_t sessions = 0;
  std::size_t pre_keys = 0;
  std::size_t sender_keys = 0;
  std::size_t files = 0;
};

/// kNotFound: no such account, or it is not linked. kConflict: it is in use, or the target holds something.
base::Result<ExportReport> export_folder(const FolderExport& order, base::Random& random);

}  // namespace importers
