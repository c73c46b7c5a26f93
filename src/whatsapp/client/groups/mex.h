// "mex": questions in GraphQL form, named by the number of a query that the service knows. The numbers change
// with releases of the web client. Spec 08 §11.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

/// `variables` is an object.
binary::Node mex_iq(std::string_view query_id, const nlohmann::json& variables);

/// The object under `data_key`. kRejected with the service's code for errors, also beside data; kMalformed.
base::Result<nlohmann::json> read_mex(const binary::Node& answer, std::string_view data_key);

}  // namespace whatsapp
