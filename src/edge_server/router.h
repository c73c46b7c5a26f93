// From a method and a path to the handler: one table, which the OpenAPI description is tested against.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "edge_server/services.h"
#include "runtime/http_server.h"

namespace edge_server {

/// Who may call a route.
enum class Access {
  kWorker,  // bearer WORKER_SECRET
  kPeople,  // API key
  kOpen,    // nobody asks: the page, the description, media by unguessable URL
};

/// One request on its way to a handler.
struct RouteCall {
  runtime::ServerRequest request;
  std::map<std::string, std::string, std::less<>> parameters;  // {id} → value
  std::shared_ptr<const nlohmann::json> body;                  // parsed; null when the method has none

  [[nodiscard]] std::string query(const std::string& name) const;
  [[nodiscard]] const std::string& parameter(std::string_view name) const;
};

using RouteHandler = runtime::Task<runtime::HttpResponse> (*)(Services&, const RouteCall&);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v1/instances/{id}/messages"
  Access access;
  RouteHandler handler;
};

std::span<const Route> worker_routes();
std::span<const Route> people_routes();
std::span<const Route> page_routes();

/// Finds, admits, parses, checks the fence, calls. Answers 401, 404, 405, 400 and 409 by itself.
runtime::Task<runtime::HttpResponse> dispatch(Services& services, runtime::ServerRequest request);

}  // namespace edge_server
