#include "queue/payload_fields.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "queue/destination.h"

namespace worker::payload {

using Json = nlohmann::json;

namespace {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  return {};
}

}  // namespace

const Json* find(const Json& object, Keys keys) {
  if (!object.is_object()) return nullptr;
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && !found->is_null()) return &*found;
  }
  return nullptr;
}

std::string text(const Json& object, Keys keys) {
  const Json* found = find(object, keys);
  return found != nullptr ? text_of(*found) : std::string{};
}

std::optional<double> number(const Json& object, Keys keys) {
  const Json* found = find(object, keys);
  if (found == nullptr) return std::nullopt;
  if (found->is_number()) return found->get<double>();
  if (!found->is_string()) return std::nullopt;
  const auto& digits = found->get_ref<const std::string&>();
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> count(const Json& object, Keys keys) {
  const auto value = number(object, keys);
  if (!value || !(*value >= 0) || *value > UINT32_MAX || std::floor(*value) != *value) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

std::optional<bool> truth(const Json& object, Keys keys) {
  const Json* found = find(object, keys);
  if (found == nullptr || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::vector<std::string> texts(const Json& object, Keys keys, Keys inner, std::size_t most) {
  std::vector<std::string> out;
  const Json* found = find(object, keys);
  if (found == nullptr) return out;
  if (!found->is_array()) {
    if (auto one = text_of(*found); !one.empty()) out.push_back(std::move(one));
    return out;
  }
  for (const Json& item : *found) {
    if (out.size() == most) break;
    out.push_back(item.is_object() ? text(item, inner) : text_of(item));
  }
  return out;
}

std::string jid(const std::string& written) {
  const Destination destination = parse_destination(written);
  if (const auto* ready = std::get_if<ReadyDestination>(&destination)) return ready->jid.to_string();
  if (const auto* lid = std::get_if<LidDestination>(&destination)) return lid->lid.to_string();
  return {};
}

}  // namespace worker::payload
