// wa-worker: keeps WhatsApp accounts connected, driven by an edge proxy.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/baileys_commands.h"
#include "app/config.h"
#include "app/worker_process.h"

namespace {

using worker::ConfigOutcome;
using worker::ExitCode;
using worker::Mode;

ExitCode report_mistakes(const ConfigOutcome& outcome) {
  for (const auto& mistake : outcome.mistakes) std::fprintf(stderr, "config error: %s\n", mistake.c_str());
  for (const auto& warning : outcome.warnings) std::fprintf(stderr, "config warning: %s\n", warning.c_str());
  return outcome.mistakes.empty() ? ExitCode::kOk : ExitCode::kConfig;
}

ExitCode check_config(const ConfigOutcome& outcome) {
  const ExitCode verdict = report_mistakes(outcome);
  if (verdict == ExitCode::kOk) {
    std::fputs(worker::describe_values(outcome.config).c_str(), stdout);
    std::fputs("\nWhat each one means:\n\n", stdout);
    std::fputs(worker::describe_settings().c_str(), stdout);
  }
  return verdict;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Keeps WhatsApp accounts connected as linked devices, driven by an edge proxy over HTTP.",
               "wa-worker"};
  app.set_version_flag("--version", WA_WORKER_VERSION);
  app.footer(
      "Settings come from the environment:\n\n" + worker::describe_settings() +
      "\nExit codes: 0 stopped as told, 1 failure, 73 data folder or port unusable, 78 wrong settings.");
  bool standalone = false;
  bool only_check = false;
  app.add_flag("--standalone", standalone, "run the edge of our own inside this process, with its page");
  app.add_flag("--check-config", only_check, "check the settings, print those in force, and exit");
  auto* health = app.add_subcommand("healthcheck", "ask a running worker's /health; exit 0 if it says ok");
  worker::ImportCommand import;
  auto* import_baileys = app.add_subcommand(
      "import-baileys", "take accounts over from Baileys auth folders, which are left as they are");
  import_baileys->add_option("DIR", import.folders, "auth folders; a folder's name becomes the instance id")
      ->required();
  import_baileys->add_option("--instance", import.instance_id, "instance id, for a single folder");
  import_baileys->add_flag("--skip-damaged", import.skip_damaged, "leave records out that were cut short");
  import_baileys->add_flag("--even-if-recent", import.even_if_recent,
                           "do not refuse a folder that was written to in the last seconds");
  worker::ExportCommand export_command;
  auto* export_baileys =
      app.add_subcommand("export-baileys", "give an account back to Baileys; it stops being an instance's");
  export_baileys->add_option("INSTANCE", export_command.instance_id, "instance id")->required();
  export_baileys->add_option("DIR", export_command.folder, "a folder that does not exist yet")->required();
  export_baileys->add_flag("--keep", export_command.keep,
                           "leave the instance's file in place; only one of the two may ever connect again");
  CLI11_PARSE(app, argc, argv);

  const Mode mode = standalone ? Mode::kStandalone : Mode::kEdgeProxy;
  const ConfigOutcome outcome = worker::read_config(worker::process_environment(), mode);
  if (health->parsed()) return static_cast<int>(worker::check_health(outcome.config.port));
  if (import_baileys->parsed()) return static_cast<int>(worker::import_baileys(outcome.config, import));
  if (export_baileys->parsed())
    return static_cast<int>(worker::export_baileys(outcome.config, export_command));
  if (only_check) return static_cast<int>(check_config(outcome));
  const ExitCode verdict = report_mistakes(outcome);
  if (verdict != ExitCode::kOk) return static_cast<int>(verdict);
  return static_cast<int>(worker::run_worker(outcome.config, mode));
}
