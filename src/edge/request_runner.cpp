#include "edge/request_runner.h"

#include <sodium.h>

#include <algorithm>

#include "base/encoding.h"
#include "runtime/one_shot.h"

namespace edge {
namespace {

using base::ErrorCode;
using runtime::HttpRequest;
using runtime::HttpResponse;

constexpr std::size_t kExcerptLength = 220;

// Ids in headers come from peers and edges: what could end a header line stays out.
std::string header_safe(std::string_view value) {
  std::string out;
  for (const char c : value.substr(0, 512))
    if (c > 0x20 && c < 0x7f) out += c;
  return out;
}

// Each word with its length in front, so that ("ab","c") and ("a","bc") differ.
std::string digest_of(std::string_view route, const std::vector<std::string_view>& words) {
  crypto_generichash_state state;
  base::FixedBytes<16> digest{};
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  const auto add = [&state](std::string_view word) {
    const auto length = base::big_endian<8>(word.size());
    crypto_generichash_update(&state, length.data(), length.size());
    crypto_generichash_update(&state, base::as_bytes(word).data(), word.size());
  };
  add(route);
  for (const auto word : words) add(word);
  crypto_generichash_final(&state, digest.data(), digest.size());
  return base::to_hex(digest);
}

void replace_all(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "***");
}

bool is_platform_jwt_error(std::string_view body) {
  return body.find("JWT") != std::string_view::npos || body.find("jwt") != std::string_view::npos;
}

}  // namespace

RequestRunner::RequestRunner(runtime::EventLoop& loop, EdgeTransport& transport, base::Random& random,
                             EdgeClientSettings settings, base::Log log, RequestObserver observer)
    : loop_(loop),
      transport_(transport),
      random_(random),
      settings_(std::move(settings)),
      policy_(settings_.retry, random),
      log_(std::move(log)),
      observer_(std::move(observer)) {
  settings_.base_url = trim_base_url(settings_.base_url);
}

runtime::Task<base::Result<EdgeAnswer>> RequestRunner::run(EdgeRequest request, Call call) {
  const HttpRequest prepared = build(request, call);  // built once: retries are the same request
  for (unsigned failures = 1;; ++failures) {
    if (known_missing(request)) co_return base::fail(not_implemented(request.route));
    const auto started = loop_.clock().now();
    HttpRequest attempt = prepared;
    auto response = co_await transport_.attempt(std::move(attempt));
    if (!response && response.error().code == ErrorCode::kCancelled) co_return base::fail(response.error());
    observe(request, response, started);

    const Outcome outcome = classify(response);
    const bool answered = response && (outcome == Outcome::kSuccess ||
                                       (request.is_answer != nullptr && request.is_answer(*response)));
    note_reachability(answered ? Outcome::kSuccess : outcome, request, response);
    if (answered) co_return EdgeAnswer{response->status, std::move(response->body), started};
    if (outcome == Outcome::kMissing) remember_missing(request);

    std::optional<base::Duration> server_asks;
    if (response) server_asks = retry_after(response->headers, loop_.clock().wall_now());
    const auto wait = policy_.delay(outcome, failures, server_asks);
    if (!may_retry(outcome, call, wait)) co_return base::fail(error_of(outcome, request, response));
    WA_CO_TRY_VOID(co_await runtime::sleep_for(loop_, wait));
    if (call.superseded && call.superseded())
      co_return base::fail(ErrorCode::kCancelled, "a newer request takes its place");
  }
}

HttpRequest RequestRunner::build(const EdgeRequest& request, const Call& call) {
  HttpRequest out;
  out.method = request.method;
  out.url = settings_.base_url + request.path;
  out.body = request.body;
  out.source = request.source;
  out.connect_timeout = settings_.connect_timeout;
  out.total_timeout = request.timeout.count() > 0 ? request.timeout : settings_.request_timeout;
  out.headers = {{"Authorization", "Bearer " + settings_.worker_secret},
                 {"Accept", "application/json"},
                 {"User-Agent", "wa-worker/" + settings_.version}};
  const auto add = [&out](const char* name, std::string_view value) {
    if (auto safe = header_safe(value); !safe.empty()) out.headers.emplace_back(name, std::move(safe));
  };
  add("X-Worker-Id", settings_.worker_id);
  add("apikey", settings_.api_key);
  if (call.fence) out.headers.emplace_back("X-Fencing-Token", std::to_string(*call.fence));
  if (call.traceparent.empty()) {
    const auto trace = base::to_hex(random_.bytes<16>());
    out.headers.emplace_back("traceparent", "00-" + trace + "-" + base::to_hex(random_.bytes<8>()) + "-01");
  } else {
    add("traceparent", call.traceparent);
  }
  if (request.method == "POST") {
    out.headers.emplace_back("Content-Type", request.content_type);
    add("Idempotency-Key", idempotency_key(request, call));
  }
  return out;
}

std::string RequestRunner::idempotency_key(const EdgeRequest& request, const Call& call) {
  if (!call.idempotency_key.empty()) return call.idempotency_key;
  if (!request.fact.empty()) return digest_of(request.route, request.fact);
  return base::to_hex(random_.bytes<16>());
}

void RequestRunner::observe(const EdgeRequest& request, const Response& response,
                            base::Clock::time_point started) {
  if (!observer_) return;
  const int status = response ? response->status : 0;
  observer_(RequestObservation{request.route, status, loop_.clock().now() - started});
}

void RequestRunner::note_reachability(Outcome outcome, const EdgeRequest& request, const Response& response) {
  auto now = Reachability::kOk;  // a 404 or 400 comes from an edge that is there and accepts our secret
  if (outcome == Outcome::kUnauthorized) now = Reachability::kUnauthorized;
  if (outcome == Outcome::kRetryable) now = Reachability::kUnreachable;
  if (now == reachability_) return;
  const auto before = std::exchange(reachability_, now);
  if (now == Reachability::kUnauthorized) {
    explain_unauthorized(request, *response);
  } else if (now == Reachability::kUnreachable) {
    log_.warn("the edge cannot be reached; requests are retried",
              {{"route", request.route}, {"error", error_of(outcome, request, response).message}});
  } else if (before != Reachability::kUnknown) {
    log_.info("the edge answers again", {{"route", request.route}});
  }
}

void RequestRunner::explain_unauthorized(const EdgeRequest& request, const HttpResponse& response) {
  if (is_platform_jwt_error(response.body)) {
    log_.error(
        "the platform refused the request before the edge saw it: WORKER_SECRET is not a JWT. On Supabase "
        "set "
        "verify_jwt = false for the function ([functions.worker-proxy] in config.toml) and deploy it again",
        {{"route", request.route}, {"status", response.status}});
    return;
  }
  log_.error("the edge refuses our secret: WORKER_SECRET here and at the edge must be the same",
             {{"route", request.route}, {"status", response.status}, {"answer", excerpt(response.body)}});
}

base::Error RequestRunner::error_of(Outcome outcome, const EdgeRequest& request, const Response& response) {
  if (!response) {
    auto error = response.error();
    return std::move(error).within(request.route);
  }
  const int status = response->status;
  if (outcome == Outcome::kMissing && request.endpoint == EdgeRequest::Endpoint::kOptional)
    return not_implemented(request.route);
  std::string message = fmt::format("{}: HTTP {}", request.route, status);
  if (const auto text = excerpt(response->body); !text.empty()) message += ": " + text;
  if (outcome == Outcome::kRetryable) return {ErrorCode::kUnavailable, std::move(message), status};
  if (outcome != Outcome::kUnauthorized)
    log_.warn("the edge refused a request for good",
              {{"route", request.route}, {"status", status}, {"answer", excerpt(response->body)}});
  return {ErrorCode::kRejected, std::move(message), status};
}

base::Error RequestRunner::not_implemented(std::string_view route) const {
  return {ErrorCode::kNotFound, fmt::format("{} is not implemented by this edge", route), 404};
}

bool RequestRunner::known_missing(const EdgeRequest& request) const {
  if (request.endpoint != EdgeRequest::Endpoint::kOptional) return false;
  const auto found = missing_until_.find(request.route);
  return found != missing_until_.end() && loop_.clock().now() < found->second;
}

void RequestRunner::remember_missing(const EdgeRequest& request) {
  if (request.endpoint != EdgeRequest::Endpoint::kOptional) return;
  const auto [place, first_time] = missing_until_.try_emplace(request.route);
  if (first_time) log_.info("this edge does not implement an optional endpoint", {{"route", request.route}});
  place->second = loop_.clock().now() + settings_.missing_endpoint_memory;
}

bool RequestRunner::may_retry(Outcome outcome, const Call& call, base::Duration wait) const {
  if (outcome != Outcome::kRetryable && outcome != Outcome::kUnauthorized) return false;
  if (call.superseded && call.superseded()) return false;
  switch (call.retry.mode) {
    case Retry::Mode::kOnce:
      return false;
    case Retry::Mode::kUntil:
      return loop_.clock().now() + wait <= call.retry.deadline;
    case Retry::Mode::kForever:
      return true;
  }
  return false;
}

std::string RequestRunner::excerpt(std::string_view body) const {
  // Redacted before it is cut, so that no half of a secret remains at the end.
  std::string text{body.substr(0, kExcerptLength * 8)};
  replace_all(text, settings_.worker_secret);
  replace_all(text, settings_.api_key);
  std::size_t length = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const auto byte = static_cast<unsigned char>(text[end]);
    const bool starts_character = (byte & 0xC0) != 0x80;
    if (starts_character && ++length > kExcerptLength) break;
    if (byte < 0x20 || byte == 0x7f) text[end] = ' ';
  }
  text.resize(end);
  return text;
}

}  // namespace edge
