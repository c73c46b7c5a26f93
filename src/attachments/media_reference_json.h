// A media reference as JSON, for what must outlive the process: rows of the spool, remembered uploads.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "whatsapp/message/media_reference.h"

namespace worker {

nlohmann::json to_json(const whatsapp::message::MediaReference& reference);
/// kMalformed for what to_json() has not written.
base::Result<whatsapp::message::MediaReference> media_reference_of(const nlohmann::json& json);

}  // namespace worker
