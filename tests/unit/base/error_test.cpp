#include "base/error.h"

#include <doctest/doctest.h>

#include <set>

#include "base/result.h"

using namespace base;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd", 7);
  return number / 2;
}

Result<int> quarter(int number) {
  WA_TRY(const int once, half(number));
  WA_TRY(const int twice, half(once));
  return twice;
}

Result<void> check_even(int number) {
  WA_TRY_VOID(half(number));
  return {};
}

}  // namespace

TEST_CASE("errors are passed up unchanged, values are taken out") {
  CHECK(quarter(8).value() == 2);
  CHECK(quarter(6).error().message == "odd");
  CHECK(quarter(6).error().detail == 7);
  CHECK(check_even(2).has_value());
  CHECK(check_even(3).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("where an error happened is put in front of it") {
  const Error error = Error{ErrorCode::kIo, "disk full", 28}.within("open store");
  CHECK(error.message == "open store: disk full");
  CHECK(error.code == ErrorCode::kIo);
  CHECK(error.detail == 28);
}

TEST_CASE("every code has a name of its own") {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kCorrupt); ++code)
    names.insert(to_string(static_cast<ErrorCode>(code)));
  CHECK(names.size() == static_cast<std::size_t>(ErrorCode::kCorrupt) + 1);
  CHECK_FALSE(names.contains("unknown"));
}
