// vector_check DIR: runs every known-answer file of a directory. Prints one line per failing case and a
// last line "N passed, N failed"; succeeds if something ran and nothing failed.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "vector_check/runners.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> json_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().extension() == ".json") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

vector_check::Outcome run_file(const fs::path& path, vector_check::Runner runner) {
  try {
    std::ifstream stream{path};
    auto file = nlohmann::json::parse(stream);
    if (file.is_object()) file["directory"] = path.parent_path().string();
    return runner(file);
  } catch (const std::exception& exception) {
    return {.passed = 0, .failures = {std::string{"the file cannot be read: "} + exception.what()}};
  }
}

struct Totals {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

void check_file(const fs::path& path, Totals& totals) {
  const std::string name = path.filename().string();
  const auto runner = vector_check::runner_for(path.stem().string());
  if (runner == nullptr) {
    std::printf("skipped %s: kind not covered\n", name.c_str());
    return;
  }
  const auto outcome = run_file(path, runner);
  for (const auto& failure : outcome.failures) std::printf("FAILED %s %s\n", name.c_str(), failure.c_str());
  std::printf("%s: %zu passed, %zu failed\n", name.c_str(), outcome.passed, outcome.failures.size());
  totals.passed += outcome.passed;
  totals.failed += outcome.failures.size();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 || !fs::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: vector_check DIR\n");
    return 2;
  }
  Totals totals;
  for (const auto& path : json_files(argv[1])) check_file(path, totals);
  std::printf("%zu passed, %zu failed\n", totals.passed, totals.failed);
  return totals.failed == 0 && totals.passed > 0 ? 0 : 1;
}
