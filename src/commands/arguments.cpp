#include "commands/arguments.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "queue/destination.h"

namespace worker {

using Json = nlohmann::json;
using whatsapp::binary::Jid;

const Json& Arguments::raw(const char* name) const {
  static const Json kNull;
  if (!args_.is_object()) return kNull;
  const auto found = args_.find(name);
  return found == args_.end() ? kNull : *found;
}

bool Arguments::has(const char* name) const { return !raw(name).is_null(); }

void Arguments::refuse(std::string why) {
  if (!error_) error_ = base::Error{base::ErrorCode::kInvalidArgument, std::move(why)};
}

std::string Arguments::text(const char* name, std::size_t most) {
  const Json& value = raw(name);
  if (value.is_null()) return {};
  if (!value.is_string()) {
    refuse(fmt::format("{} must be text", name));
    return {};
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > most) refuse(fmt::format("{} is longer than {} bytes", name, most));
  return text;
}

std::string Arguments::required_text(const char* name, std::size_t most) {
  auto value = text(name, most);
  if (value.empty()) refuse(fmt::format("{} is required", name));
  return value;
}

std::int64_t Arguments::integer(const char* name, std::int64_t otherwise) {
  const Json& value = raw(name);
  if (value.is_null()) return otherwise;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  refuse(fmt::format("{} must be an integer", name));
  return otherwise;
}

std::optional<bool> Arguments::boolean(const char* name) {
  const Json& value = raw(name);
  if (value.is_null()) return std::nullopt;
  if (value.is_boolean()) return value.get<bool>();
  refuse(fmt::format("{} must be true or false", name));
  return std::nullopt;
}

base::Bytes Arguments::base64(const char* name, std::size_t most) {
  const std::string text = required_text(name, most * 4 / 3 + 4);
  auto bytes = base::from_base64(text);
  if (!bytes) refuse(fmt::format("{} must be base64", name));
  return bytes ? *std::move(bytes) : base::Bytes{};
}

Jid Arguments::read_jid(const std::string& text, const char* name) {
  const auto destination = parse_destination(text);
  if (const auto* ready = std::get_if<ReadyDestination>(&destination)) return ready->jid;
  if (const auto* lid = std::get_if<LidDestination>(&destination)) return lid->lid;
  refuse(fmt::format("{} is neither a number nor a JID", name));
  return {};
}

Jid Arguments::chat(const char* name) {
  const std::string text = required_text(name, 128);
  return text.empty() ? Jid{} : read_jid(text, name);
}

Jid Arguments::person(const char* name) {
  Jid jid = chat(name);
  if (!error_ && !jid.is_pn() && !jid.is_lid()) refuse(fmt::format("{} is no person", name));
  return jid;
}

Jid Arguments::group(const char* name) {
  Jid jid = chat(name);
  if (!error_ && !jid.is_group()) refuse(fmt::format("{} is no group", name));
  return jid;
}

std::vector<Jid> Arguments::people(const char* name, std::size_t most) {
  std::vector<Jid> out;
  for (const Json& entry : list(name, most)) {
    if (!entry.is_string()) {
      refuse(fmt::format("{} must be a list of texts", name));
      break;
    }
    out.push_back(read_jid(entry.get<std::string>(), name));
  }
  if (out.empty()) refuse(fmt::format("{} is required", name));
  return out;
}

std::vector<Json> Arguments::list(const char* name, std::size_t most) {
  const Json& value = raw(name);
  if (value.is_null()) return {};
  if (!value.is_array() || value.size() > most) {
    refuse(fmt::format("{} must be a list of at most {} entries", name, most));
    return {};
  }
  return {value.begin(), value.end()};
}

}  // namespace worker
