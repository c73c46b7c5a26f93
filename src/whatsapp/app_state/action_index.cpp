#include "whatsapp/app_state/action_index.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace whatsapp::app_state {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out += {'\\', c};
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20)
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      else
        out += c;
  }
}

}  // namespace

std::string to_json(const ActionIndex& index) {
  std::string out = "[";
  for (const std::string& part : index) {
    out += out.size() == 1 ? "\"" : ",\"";
    for (const char c : part) append_escaped(out, c);
    out += '"';
  }
  return out + ']';
}

base::Result<ActionIndex> read_index(std::string_view json) {
  if (json.size() > kMaxIndexSize) return base::fail(base::ErrorCode::kLimit, "index of an action too long");
  const auto array = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!array.is_array() || array.empty())
    return base::fail(base::ErrorCode::kMalformed, "index of an action is no JSON array");
  ActionIndex out;
  for (const auto& part : array) {
    if (part.is_string())
      out.push_back(part.get<std::string>());
    else if (part.is_number() || part.is_boolean())
      out.push_back(part.dump());
    else
      return base::fail(base::ErrorCode::kMalformed, "index of an action holds more than texts");
  }
  return out;
}

}  // namespace whatsapp::app_state
