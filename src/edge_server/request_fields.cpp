#include "edge_server/request_fields.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runtime/json.h"

namespace edge_server {

using Json = nlohmann::json;

Fields::Fields(const Json& body) : body_(body) {
  if (!body.is_object()) refuse("the body must be a JSON object");
}

const Json& Fields::raw(const char* name) const {
  static const Json kNull;
  if (!body_.is_object()) return kNull;
  const auto found = body_.find(name);
  return found == body_.end() ? kNull : *found;
}

bool Fields::has(const char* name) const { return body_.is_object() && body_.contains(name); }

std::optional<std::string> Fields::optional_text(const char* name, std::size_t max) {
  const Json& value = raw(name);
  if (value.is_null()) return std::nullopt;
  std::string out;
  if (value.is_string()) {
    out = value.get<std::string>();
  } else if (value.is_number_integer()) {
    out = runtime::to_text(value);
  } else {
    refuse(fmt::format("{} must be text", name));
  }
  if (out.size() > max) refuse(fmt::format("{} is longer than {} bytes", name, max));
  return out;
}

std::string Fields::text(const char* name, std::size_t max) {
  return optional_text(name, max).value_or(std::string{});
}

std::string Fields::required_text(const char* name, std::size_t max) {
  auto value = text(name, max);
  if (value.empty()) refuse(fmt::format("{} is required", name));
  return value;
}

std::optional<std::int64_t> Fields::integer(const char* name) {
  const Json& value = raw(name);
  if (value.is_null()) return std::nullopt;
  const bool too_big = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  if (value.is_number_integer() && !too_big) return value.get<std::int64_t>();
  refuse(fmt::format("{} must be an integer", name));
  return std::nullopt;
}

std::optional<bool> Fields::boolean(const char* name) {
  const Json& value = raw(name);
  if (value.is_null()) return std::nullopt;
  if (value.is_boolean()) return value.get<bool>();
  refuse(fmt::format("{} must be true or false", name));
  return std::nullopt;
}

std::vector<std::string> Fields::texts(const char* name, std::size_t most) {
  std::vector<std::string> out;
  const Json& value = raw(name);
  if (value.is_null()) return out;
  if (!value.is_array() || value.size() > most) {
    refuse(fmt::format("{} must be a list of at most {} texts", name, most));
    return out;
  }
  for (const auto& item : value) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > kMaxShortText) {
      refuse(fmt::format("{} must be a list of texts", name));
      break;
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::string Fields::structure(const char* name) {
  const Json& value = raw(name);
  return value.is_structured() ? runtime::to_text(value) : std::string{};
}

void Fields::refuse(std::string why) {
  if (!error_) error_ = base::Error{base::ErrorCode::kInvalidArgument, std::move(why)};
}

}  // namespace edge_server
