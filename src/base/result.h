// Result<T>: a value, or the Error that the world caused. And the macros that pass errors upwards.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace base {

template <class T>
using Result = std::expected<T, Error>;

/// fail(ErrorCode::kMalformed, "frame shorter than its tag")
inline std::unexpected<Error> fail(ErrorCode code, std::string message, int detail = 0) {
  return std::unexpected(Error{code, std::move(message), detail});
}

inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace base

#define WA_CONCAT_INNER(a, b) a##b
#define WA_CONCAT(a, b) WA_CONCAT_INNER(a, b)

// WA_TRY(auto node, decode(bytes));            in a function that returns an expected
// WA_CO_TRY(auto reply, co_await query(iq));   in a coroutine; `expression` may contain co_await
// WA_TRY_VOID(store.commit(changes));          when there is no value
//
// They are statements, not expressions: g++ 12 miscompiles co_await inside statement expressions.
#define WA_TRY_WITH(return_word, result, declaration, ...)             \
  auto result = __VA_ARGS__;                                           \
  if (!result) return_word std::unexpected(std::move(result).error()); \
  declaration = *std::move(result)

#define WA_TRY_VOID_WITH(return_word, result, ...)                       \
  do {                                                                   \
    auto result = __VA_ARGS__;                                           \
    if (!result) return_word std::unexpected(std::move(result).error()); \
  } while (false)

#define WA_TRY(declaration, ...) \
  WA_TRY_WITH(return, WA_CONCAT(wa_result_, __LINE__), declaration, __VA_ARGS__)
#define WA_CO_TRY(declaration, ...) \
  WA_TRY_WITH(co_return, WA_CONCAT(wa_result_, __LINE__), declaration, __VA_ARGS__)
#define WA_TRY_VOID(...) WA_TRY_VOID_WITH(return, WA_CONCAT(wa_result_, __LINE__), __VA_ARGS__)
#define WA_CO_TRY_VOID(...) WA_TRY_VOID_WITH(co_return, WA_CONCAT(wa_result_, __LINE__), __VA_ARGS__)
