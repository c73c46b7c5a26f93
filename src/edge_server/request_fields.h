// Reads the fields of a JSON request one by one and remembers the first thing that is wrong, so that a
// handler takes all it needs and asks once:
//
//   Fields in(body);
//   mark.message_id = in.required_text("messageId");
//   if (const auto wrong = in.error()) co_return problem(*wrong);
//
// Null counts as absent. Numbers are accepted where text is wanted: databases make ids of both.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace edge_server {

inline constexpr std::size_t kMaxShortText = 1'024;
inline constexpr std::size_t kMaxBody = 65'536;  // characters of a WhatsApp text

class Fields {
 public:
  /// `body` must outlive this.
  explicit Fields(const nlohmann::json& body);

  std::string text(const char* name, std::size_t max = kMaxShortText);
  std::string required_text(const char* name, std::size_t max = kMaxShortText);
  std::optional<std::string> optional_text(const char* name, std::size_t max = kMaxShortText);
  std::optional<std::int64_t> integer(const char* name);
  std::optional<bool> boolean(const char* name);
  std::vector<std::string> texts(const char* name, std::size_t most);
  /// The value if it is an object or a list, as text; else empty.
  std::string structure(const char* name);
  [[nodiscard]] bool has(const char* name) const;  // also when null
  [[nodiscard]] const nlohmann::json& raw(const char* name) const;

  void refuse(std::string why);
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  const nlohmann::json& body_;
  std::optional<base::Error> error_;
};

}  // namespace edge_server
