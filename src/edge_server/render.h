// Records as the REST API shows them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "edge_server/records.h"

namespace edge_server {

nlohmann::json instance_json(const Instance& instance, Millis now);
nlohmann::json message_json(const Message& message);
nlohmann::json command_json(const Command& command, Millis now);
nlohmann::json event_json(const EventRecord& event);

}  // namespace edge_server
