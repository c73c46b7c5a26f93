// Reading vector files: bytes are lower-case hex texts, optional fields may be absent or null. A field
// that is missing or of another kind throws, which fails the case that reads it.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/encoding.h"

namespace vector_check {

inline base::Bytes hex_bytes(const nlohmann::json& value) {
  auto bytes = base::from_hex(value.get_ref<const std::string&>());
  if (!bytes) throw std::runtime_error("not hex: " + value.dump());
  return *std::move(bytes);
}

inline base::Bytes hex_bytes(const nlohmann::json& object, std::string_view field) {
  return hex_bytes(object.at(std::string{field}));
}

/// Throws unless the field holds exactly N bytes.
template <std::size_t N>
base::FixedBytes<N> fixed_hex(const nlohmann::json& object, std::string_view field) {
  const base::Bytes bytes = hex_bytes(object, field);
  if (bytes.size() != N) throw std::runtime_error("wrong length: " + std::string{field});
  return base::to_fixed<N>(bytes);
}

inline std::string text(const nlohmann::json& object, std::string_view field) {
  return object.at(std::string{field}).get<std::string>();
}

/// Whether the field is there and not null.
inline bool present(const nlohmann::json& object, std::string_view field) {
  const auto found = object.find(std::string{field});
  return found != object.end() && !found->is_null();
}

/// A name for a case of a list: its own name or reason if it has one, else its number.
inline std::string case_name(std::string_view list, std::size_t index, const nlohmann::json& entry) {
  std::string name = std::string{list} + "[" + std::to_string(index) + "]";
  for (const char* field : {"name", "why"})
    if (entry.is_object() && entry.contains(field) && entry.at(field).is_string())
      return name + " " + entry.at(field).get<std::string>();
  return name;
}

/// Calls visit(name, entry) for each entry of a list; a list that is not there has no entries.
template <class Visit>
void for_each_case(const nlohmann::json& file, const char* list, Visit visit) {
  if (!present(file, list)) return;
  std::size_t index = 0;
  for (const auto& entry : file.at(list)) {
    visit(case_name(list, index, entry), entry);
    ++index;
  }
}

}  // namespace vector_check
