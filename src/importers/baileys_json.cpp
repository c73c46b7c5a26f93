#include "importers/baileys_json.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace importers {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr int kMaxWrappings = 2;  // {"type":"Buffer","data":{"0":…}} is as deep as it gets

/// Counts while the parser builds; false stops a branch, and the first complaint decides.
class Bounds {
 public:
  bool admit(int depth, nlohmann::detail::parse_event_t event) {
    using Event = nlohmann::detail::parse_event_t;
    if (static_cast<std::size_t>(depth) > kMaxJsonDepth) return exceeded_ = true, false;
    if (event == Event::object_start) open_.push_back(0);
    if (event == Event::object_end && !open_.empty()) open_.pop_back();
    if (event == Event::key) {
      if (++members_ > kMaxMembers) exceeded_ = true;
      if (!open_.empty() && ++open_.back() > kMaxMembersOfObject) exceeded_ = true;
    }
    return !exceeded_;
  }
  [[nodiscard]] bool exceeded() const { return exceeded_; }

 private:
  std::vector<std::size_t> open_;  // members so far of each open object
  std::size_t members_ = 0;
  bool exceeded_ = false;
};

std::unexpected<base::Error> no_bytes() {
  return fail(ErrorCode::kMalformed, "no byte string where one belongs");
}

Result<std::uint8_t> read_byte(const Json& value) {
  if (!value.is_number_integer()) return no_bytes();
  const auto number = value.get<std::int64_t>();
  if (number < 0 || number > 255) return no_bytes();
  return static_cast<std::uint8_t>(number);
}

Result<Bytes> bytes_of_text(std::string text) {
  for (char& c : text) {
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  while (!text.empty() && text.back() == '=') text.pop_back();
  auto bytes = base::from_base64(text, base::Base64::kStandardNoPadding);
  if (!bytes) return fail(ErrorCode::kMalformed, "a byte string is not base64");
  return bytes;
}

Result<Bytes> bytes_of_array(const Json& array) {
  Bytes bytes;
  bytes.reserve(array.size());
  for (const Json& element : array) {
    WA_TRY(const std::uint8_t byte, read_byte(element));
    bytes.push_back(byte);
  }
  return bytes;
}

/// {"0":n,"1":n,…}: what JSON makes of a Uint8Array.
Result<Bytes> bytes_of_index_map(const Json& object) {
  Bytes bytes;
  bytes.reserve(object.size());
  for (const auto& [key, value] : object.items()) {
    if (key != std::to_string(bytes.size())) return no_bytes();
    WA_TRY(const std::uint8_t byte, read_byte(value));
    bytes.push_back(byte);
  }
  return bytes;
}

Result<Bytes> read_wrapped(const Json& value, int wrappings) {
  if (value.is_null()) return Bytes{};
  if (value.is_string()) return bytes_of_text(value.get<std::string>());
  if (value.is_array()) return bytes_of_array(value);
  if (!value.is_object()) return no_bytes();
  const Json& type = member(value, "type");
  const Json& old_mark = member(value, "buffer");
  const bool wrapped = type == "Buffer" || old_mark == true;
  if (!wrapped) return bytes_of_index_map(value);
  if (wrappings == 0) return no_bytes();
  const char* content = value.contains("data") ? "data" : "value";
  return read_wrapped(member(value, content), wrappings - 1);
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Bounds bounds;
  const auto admit = [&bounds](int depth, nlohmann::detail::parse_event_t event, const Json&) {
    return bounds.admit(depth, event);
  };
  Json value = Json::parse(text, admit, false);
  if (bounds.exceeded()) return fail(ErrorCode::kLimit, "the JSON is too deep or has too many members");
  if (value.is_discarded()) return fail(ErrorCode::kMalformed, "it is not JSON; it may have been cut short");
  return value;
}

const Json& member(const Json& value, const char* name) {
  static const Json kNothing;
  if (!value.is_object()) return kNothing;
  const auto found = value.find(name);
  return found == value.end() ? kNothing : *found;
}

Result<Bytes> read_bytes(const Json& value) { return read_wrapped(value, kMaxWrappings); }

Result<std::int64_t> read_integer(const Json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return fail(ErrorCode::kMalformed, "a number is too large");
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  const Json& low = member(value, "low");
  const Json& high = member(value, "high");
  if (low.is_number_integer() && high.is_number_integer()) {
    const auto upper = static_cast<std::uint64_t>(static_cast<std::uint32_t>(high.get<std::int64_t>()));
    const auto lower = static_cast<std::uint64_t>(static_cast<std::uint32_t>(low.get<std::int64_t>()));
    return static_cast<std::int64_t>((upper << 32) | lower);
  }
  return fail(ErrorCode::kMalformed, "no whole number where one belongs");
}

Result<std::int64_t> read_integer(const Json& value, std::int64_t least, std::int64_t most) {
  WA_TRY(const std::int64_t number, read_integer(value));
  if (number < least || number > most) return fail(ErrorCode::kMalformed, "a number is out of its range");
  return number;
}

std::string read_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string{};
}

Json buffer_of(base::ByteView bytes) {
  Json out = Json::object();
  out["type"] = "Buffer";
  out["data"] = base::to_base64(bytes);
  return out;
}

std::string write_json(const Json& value) {
  return value.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

}  // namespace importers
