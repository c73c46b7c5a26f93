// The control API's words for groups: make one, let somebody do something in it, look at it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "simulator/world.h"

namespace simulator {

/// POST /control/groups…: {jid}, or what the group service answered.
base::Result<nlohmann::json> post_group(World& world, const std::vector<std::string>& path,
                                        const nlohmann::json& body);
/// GET /control/groups/{jid}. kNotFound.
base::Result<nlohmann::json> show_group(const World& world, const std::string& jid);
nlohmann::json to_json(const Group& group);

}  // namespace simulator
