// The control API's values as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "simulator/settings.h"
#include "simulator/world.h"

namespace simulator {

nlohmann::json to_json(const ReceivedMessage& message);
nlohmann::json to_json(const DeviceStatus& status);
nlohmann::json to_json(const Violation& violation);
nlohmann::json to_json(const SimulatedPhone& phone);
nlohmann::json to_json(const SimulatedContact& contact);
nlohmann::json stats_json(const World& world);

// kInvalidArgument for words that mean nothing; wrong types throw nlohmann::json::exception.
PersonOptions person_options_from(const nlohmann::json& body);
base::Result<ContactOptions> contact_options_from(const nlohmann::json& body);
base::Result<Fault> fault_from(const nlohmann::json& body);
base::Result<LinkFault> link_fault_from(const std::string& word);
base::Result<CodeFault> code_fault_from(const std::string& word);
base::Result<Receipts> receipts_from(const std::string& word);
PairingSettings pairing_from(const nlohmann::json& body, PairingSettings settings);

}  // namespace simulator
