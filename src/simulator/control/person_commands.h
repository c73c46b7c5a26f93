// The control API's words for what a person does besides sending text: POST /control/phones/{id}/{verb} and
// /control/contacts/{id}/{verb}.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "simulator/world.h"

namespace simulator {

/// kNotFound for a verb that nobody knows.
base::Result<nlohmann::json> person_command(World& world, Person& person, const std::string& verb,
                                            const nlohmann::json& body);

}  // namespace simulator
