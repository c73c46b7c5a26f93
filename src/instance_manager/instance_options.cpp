#include "instance_manager/instance_options.h"

#include <nlohmann/json.hpp>

#include "runtime/json.h"

namespace worker {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& object, const char* key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

bool is_set(const Json& object, const char* key) { return member(object, key) == Json(true); }

}  // namespace

InstanceOptions read_instance_options(std::string_view settings_json) {
  InstanceOptions options;
  if (settings_json.empty()) return options;
  const auto json = runtime::parse_json(settings_json);
  if (!json) return options;
  options.logout = is_set(*json, "logout");
  if (const Json& round = member(*json, "pairing_round"); round.is_number_integer())
    options.pairing_round = round.get<std::int64_t>();
  if (const Json& presence = member(*json, "presence"); presence == Json("available")) {
    options.presence = InstanceOptions::Presence::kAvailable;
  } else if (presence == Json("unavailable")) {
    options.presence = InstanceOptions::Presence::kUnavailable;
  }
  options.reject_calls = is_set(*json, "reject_calls");
  const Json& humanize = member(*json, "humanize");
  const bool both = humanize == Json(true);
  options.humanize = {both || is_set(humanize, "typing"), both || is_set(humanize, "read")};
  return options;
}

}  // namespace worker
