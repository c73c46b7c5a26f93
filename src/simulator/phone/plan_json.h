// Manners and history plans as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "simulator/phone/manners.h"

namespace simulator {

// kInvalidArgument for words that mean nothing; wrong types throw nlohmann::json::exception.
base::Result<HistoryPlan> history_plan_from(const nlohmann::json& body);
/// `manners` with what the body changes.
base::Result<PhoneManners> manners_from(const nlohmann::json& body, PhoneManners manners);

}  // namespace simulator
