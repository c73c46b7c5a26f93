#include <array>
#include <utility>

#include "vector_check/runners.h"

namespace vector_check {
namespace {

constexpr std::pair<std::string_view, Runner> kRunners[] = {
    {"hkdf_aes", run_hkdf_aes},
    {"xeddsa", run_xeddsa},
};

}  // namespace

Runner runner_for(std::string_view kind) {
  for (const auto& [name, runner] : kRunners)
    if (name == kind) return runner;
  return nullptr;
}

}  // namespace vector_check
