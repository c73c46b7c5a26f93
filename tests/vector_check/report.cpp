#include "vector_check/report.h"

#include <exception>

#include "base/encoding.h"

namespace vector_check {
namespace {

std::string shortened(std::string text) {
  constexpr std::size_t kEnough = 160;
  if (text.size() > kEnough) text = text.substr(0, kEnough) + "…";
  return text;
}

}  // namespace

void Case::expect(bool holds, std::string_view what) {
  if (!holds) complaints_.emplace_back(what);
}

void Case::expect_equal(base::ByteView actual, base::ByteView expected, std::string_view what) {
  expect_equal(base::to_hex(actual), base::to_hex(expected), what);
}

void Case::expect_equal(std::string_view actual, std::string_view expected, std::string_view what) {
  if (actual == expected) return;
  complaints_.push_back(std::string{what} + " is " + shortened(std::string{actual}) + ", expected " +
                        shortened(std::string{expected}));
}

void Report::run(std::string_view name, const std::function<void(Case&)>& body) {
  Case one;
  try {
    body(one);
  } catch (const std::exception& exception) {
    one.expect(false, exception.what());
  }
  if (one.complaints().empty()) {
    ++outcome_.passed;
    return;
  }
  std::string line{name};
  for (const auto& complaint : one.complaints()) line.append(": ").append(complaint);
  outcome_.failures.push_back(std::move(line));
}

}  // namespace vector_check
