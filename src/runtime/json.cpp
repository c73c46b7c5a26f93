#include "runtime/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace runtime {
namespace {

// Counted before parsing, because the parsed tree is walked recursively by everyone after.
std::size_t nesting_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

base::Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth) {
  if (nesting_of(text) > max_depth) return base::fail(base::ErrorCode::kLimit, "the JSON nests too deeply");
  auto value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) return base::fail(base::ErrorCode::kMalformed, "not JSON");
  return value;
}

std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace runtime
