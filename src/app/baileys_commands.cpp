#include "app/baileys_commands.h"

#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "base/random.h"
#include "connection/auth_quarantine.h"
#include "importers/folder_export.h"
#include "importers/takeover.h"

namespace worker {
namespace {

namespace fs = std::filesystem;

/// "/data/old/shop/" → "shop".
std::string name_of(const std::string& folder) {
  const fs::path path = fs::path{folder}.lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

ExitCode refuse(const std::string& what, const std::string& why) {
  std::fprintf(stderr, "%s: %s\n", what.c_str(), why.c_str());
  return ExitCode::kFailure;
}

ExitCode import_one(const Config& config, const ImportCommand& command, const std::string& folder) {
  importers::TakeOver order;
  order.auth_base = config.auth_base;
  order.instance_id = command.instance_id.empty() ? name_of(folder) : command.instance_id;
  order.source = folder;
  if (command.even_if_recent) order.quiet_seconds = 0;
  order.settings.now = base::SystemClock{}.unix_seconds();
  if (command.skip_damaged) order.settings.damaged = importers::DamagedRecords::kLeaveOut;
  if (!is_valid_instance_id(order.instance_id))
    return refuse(folder, "'" + order.instance_id + "' cannot be an instance's name; say --instance ID");
  const auto report = importers::take_over(order);
  if (!report) return refuse(folder, report.error().message);
  std::printf("%s is now instance %s: %s", folder.c_str(), order.instance_id.c_str(), report->text().c_str());
  std::printf("  Baileys must not be started with this folder again.\n");
  return ExitCode::kOk;
}

}  // namespace

ExitCode import_baileys(const Config& config, const ImportCommand& command) {
  if (!command.instance_id.empty() && command.folders.size() != 1)
    return refuse("import-baileys", "--instance goes with one folder");
  ExitCode verdict = ExitCode::kOk;
  for (const std::string& folder : command.folders)
    if (import_one(config, command, folder) != ExitCode::kOk) verdict = ExitCode::kFailure;
  return verdict;
}

ExitCode export_baileys(const Config& config, const ExportCommand& command) {
  if (!is_valid_instance_id(command.instance_id))
    return refuse(command.instance_id, "this cannot be an instance's name");
  importers::FolderExport order;
  order.auth_base = config.auth_base;
  order.instance_id = command.instance_id;
  order.target = command.folder;
  order.now = base::SystemClock{}.unix_seconds();
  if (command.keep) order.after = importers::AfterExport::kKeep;
  base::SystemRandom random;
  const auto report = importers::export_folder(order, random);
  if (!report) return refuse(command.instance_id, report.error().message);
  std::printf("account %s written to %s: %zu sessions, %zu pre-keys, %zu sender keys in %zu files\n",
              report->own_jid.c_str(), command.folder.c_str(), report->sessions, report->pre_keys,
              report->sender_keys, report->files);
  if (!command.keep) std::printf("  the instance's own file was put aside; Baileys owns the account now\n");
  return ExitCode::kOk;
}

}  // namespace worker
