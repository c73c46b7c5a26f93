#include "edge_server/http_reply.h"

#include <nlohmann/json.hpp>

#include "runtime/json.h"

namespace edge_server {

using runtime::HttpResponse;

namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

HttpResponse json_reply(int status, const nlohmann::json& body) {
  return {status,
          {{"Content-Type", "application/json; charset=utf-8"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          runtime::to_text(body)};
}

HttpResponse no_content() { return {204, {}, {}}; }

HttpResponse problem(int status, std::string_view code, std::string_view detail) {
  auto reply = json_reply(status, {{"type", "about:blank"},
                                   {"title", title_of(status)},
                                   {"status", status},
                                   {"detail", detail},
                                   {"code", code}});
  reply.headers[0].second = "application/problem+json";
  return reply;
}

HttpResponse problem(const base::Error& error) {
  using base::ErrorCode;
  switch (error.code) {
    case ErrorCode::kNotFound:
      return problem(404, "not_found", error.message);
    case ErrorCode::kConflict:
      return problem(409, "conflict", error.message);
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kMalformed:
      return problem(400, "invalid_request", error.message);
    case ErrorCode::kLimit:
      return problem(413, "too_large", error.message);
    case ErrorCode::kCancelled:
      return problem(503, "shutting_down", "the edge is shutting down");
    default:
      return problem(500, "internal", "the edge failed; its log says why");
  }
}

}  // namespace edge_server
