// The outcome of a vector file: which of its cases hold. A case is one entry of the file; everything that
// is expected of it must hold for it to pass.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace vector_check {

struct Outcome {
  std::size_t passed = 0;
  std::vector<std::string> failures;  // one line per failing case: "name: what did not hold"
};

/// What is expected of one case.
class Case {
 public:
  void expect(bool holds, std::string_view what);
  void expect_equal(base::ByteView actual, base::ByteView expected, std::string_view what);
  void expect_equal(std::string_view actual, std::string_view expected, std::string_view what);
  /// Fails the case with the error's sentence.
  template <class T>
  void expect_success(const base::Result<T>& result, std::string_view what) {
    expect(result.has_value(),
           result ? std::string{what} : std::string{what} + ": " + result.error().message);
  }

  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  std::vector<std::string> complaints_;
};

class Report {
 public:
  /// Runs one case. What `body` throws, a missing JSON field above all, fails the case.
  void run(std::string_view name, const std::function<void(Case&)>& body);

  [[nodiscard]] Outcome take() { return std::move(outcome_); }

 private:
  Outcome outcome_;
};

}  // namespace vector_check
