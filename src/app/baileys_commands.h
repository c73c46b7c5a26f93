// `wa-worker import-baileys` and `export-baileys`: accounts come from Baileys and go back to it, while the
// worker is not running (an account in use is refused by its lock).
#pragma once

#include <string>
#include <vector>

#include "app/worker_process.h"

namespace worker {

struct ImportCommand {
  std::vector<std::string> folders;
  std::string instance_id;  // empty: each folder's own name
  bool skip_damaged = false;
  bool even_if_recent = false;
};

struct ExportCommand {
  std::string instance_id;
  std::string folder;
  bool keep = false;
};

/// One report per folder on standard output, one line per refusal on standard error.
ExitCode import_baileys(const Config& config, const ImportCommand& command);
ExitCode export_baileys(const Config& config, const ExportCommand& command);

}  // namespace worker
