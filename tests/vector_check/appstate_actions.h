// The meaning of mutations, against the decoded values of appstate.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "vector_check/report.h"
#include "whatsapp/app_state/record.h"

namespace vector_check {

/// `value`: a SyncActionValue as JSON, 64-bit numbers as texts. Actions that we do not know are not looked
/// into.
void check_action(const nlohmann::json& value, const whatsapp::app_state::Mutation& mutation, Case& check);

}  // namespace vector_check
