// Answers of the edge: JSON, nothing, or what went wrong as RFC 9457 problem+json:
//   {"type":"about:blank","title":"Not Found","status":404,"detail":"no such instance","code":"not_found"}
// `code` is a stable word for programs, `detail` a sentence for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/http.h"

namespace edge_server {

runtime::HttpResponse json_reply(int status, const nlohmann::json& body);
runtime::HttpResponse no_content();
runtime::HttpResponse problem(int status, std::string_view code, std::string_view detail);
/// kNotFound 404, kConflict 409, kInvalidArgument and kMalformed 400, kLimit 413; everything else is our
/// fault: 500 without its message.
runtime::HttpResponse problem(const base::Error& error);

}  // namespace edge_server
