#include "edge_server/router.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "edge_server/credentials.h"
#include "edge_server/http_reply.h"
#include "edge_server/request_fields.h"
#include "runtime/json.h"

namespace edge_server {
namespace {

using runtime::HttpResponse;
using runtime::ServerRequest;
using Parameters = std::map<std::string, std::string, std::less<>>;

std::string_view take_segment(std::string_view& path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::optional<Parameters> match(std::string_view pattern, std::string_view path) {
  Parameters found;
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (wanted.starts_with('{') && wanted.ends_with('}')) {
      if (given.empty()) return std::nullopt;
      found.emplace(wanted.substr(1, wanted.size() - 2), given);
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return found;
}

struct Found {
  const Route* route = nullptr;
  Parameters parameters;
  std::string allowed;  // methods of the path, when only the method did not match
};

Found find_route(std::string_view method, std::string_view path) {
  Found found;
  for (const auto& table : {worker_routes(), people_routes(), page_routes()}) {
    for (const auto& route : table) {
      auto parameters = match(route.pattern, path);
      if (!parameters) continue;
      if (route.method == method || (method == "HEAD" && route.method == "GET"))
        return {&route, *std::move(parameters), {}};
      found.allowed.append(found.allowed.empty() ? "" : ", ").append(route.method);
    }
  }
  return found;
}

HttpResponse no_route(const Found& found) {
  if (found.allowed.empty()) return problem(404, "not_found", "there is nothing here");
  auto reply = problem(405, "method_not_allowed", "this path has other methods");
  reply.headers.emplace_back("Allow", found.allowed);
  return reply;
}

HttpResponse not_admitted(Access access) {
  const bool worker = access == Access::kWorker;
  auto reply = problem(401, worker ? "worker_secret_refused" : "api_key_refused",
                       worker ? "the bearer token is not this edge's WORKER_SECRET"
                              : "an API key is needed: Authorization: Bearer <key>");
  reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  return reply;
}

runtime::Task<Result<bool>> is_api_key(Services& services, std::string_view token) {
  if (token.empty()) co_return false;
  const auto hash = hash_of_key(token);
  if (same_secret(hash, services.settings.api_key_hash)) co_return true;
  if (same_secret(hash, services.settings.session_key_hash)) co_return true;
  const auto job = [&] { return services.store.has_api_key(hash); };
  co_return co_await services.lane.run(job);
}

runtime::Task<Result<bool>> is_admitted(Services& services, Access access, const ServerRequest& request) {
  if (access == Access::kOpen) co_return true;
  const auto token = bearer_token(request.headers);
  if (access == Access::kWorker) co_return same_secret(token, services.settings.worker_secret);
  co_return co_await is_api_key(services, token);
}

// A worker that lost its lock without noticing still shows its old fence: whatever it says is void.
runtime::Task<Result<void>> check_fence(Services& services, const RouteCall& call) {
  const auto token = runtime::header(call.request.headers, "X-Fencing-Token");
  std::uint64_t fence = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), fence);
  if (token.empty() || error != std::errc{} || end != token.data() + token.size()) co_return Result<void>{};
  std::string instance = call.query("instanceId");
  if (call.body && instance.empty()) instance = Fields(*call.body).text("instanceId");
  if (instance.empty()) co_return Result<void>{};
  const auto job = [&] { return services.store.fence(instance); };
  WA_CO_TRY(const auto current, co_await services.lane.run(job));
  if (fence < current)
    co_return base::fail(base::ErrorCode::kConflict, "stale fencing token: another worker has the instance");
  co_return Result<void>{};
}

Result<void> parse_body(RouteCall& call, const Route& route) {
  if (route.method == "GET" || route.method == "DELETE") return {};
  WA_TRY(auto parsed, runtime::parse_json(call.request.body));
  call.body = std::make_shared<const nlohmann::json>(std::move(parsed));
  call.request.body.clear();
  return {};
}

}  // namespace

std::string RouteCall::query(const std::string& name) const {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string{} : found->second;
}

const std::string& RouteCall::parameter(std::string_view name) const {
  static const std::string kNone;
  const auto found = parameters.find(name);
  return found == parameters.end() ? kNone : found->second;
}

runtime::Task<HttpResponse> dispatch(Services& services, ServerRequest request) {
  auto found = find_route(request.method, request.path);
  if (found.route == nullptr) co_return no_route(found);
  const auto admitted = co_await is_admitted(services, found.route->access, request);
  if (!admitted) co_return problem(admitted.error());
  if (!*admitted) co_return not_admitted(found.route->access);

  RouteCall call;
  call.request = std::move(request);
  call.parameters = std::move(found.parameters);
  if (auto parsed = parse_body(call, *found.route); !parsed) co_return problem(parsed.error());
  if (found.route->access == Access::kWorker) {
    const auto current = co_await check_fence(services, call);
    if (!current) co_return problem(current.error());
  }
  co_return co_await found.route->handler(services, call);
}

}  // namespace edge_server
