// The control API's words for what the server does by itself: push a stanza, want something asked for again,
// restrict an account, change its policies.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "simulator/world.h"

namespace simulator {

/// POST /control/push, /dirty, /timelock, /capping, /policy, /token,
/// /channels, /devices/{jid}/record. Nothing: another's.
std::optional<base::Result<nlohmann::json>> post_server_command(World& world,
                                                                const std::vector<std::string>& path,
                                                                const nlohmann::json& body);

/// A `mex` notification with this JSON to every device of the account.
void push_mex(World& world, const Account& account, std::string_view operation, const nlohmann::json& data);

}  // namespace simulator
