// Vector files inside a room's unit tests, through the same runners as the program.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "vector_check/runners.h"

namespace vector_check {

/// Every case of tests/vectors/<file> holds.
inline void check_vectors(const char* file, Runner runner) {
  std::ifstream stream{std::string{WA_TEST_VECTORS} + "/" + file};
  REQUIRE_MESSAGE(stream.good(), "missing vector file ", file);
  auto content = nlohmann::json::parse(stream);
  if (content.is_object()) content["directory"] = WA_TEST_VECTORS;
  const Outcome outcome = runner(content);
  CHECK(outcome.passed > 0);
  for (const auto& failure : outcome.failures) FAIL_CHECK(failure);
}

}  // namespace vector_check
