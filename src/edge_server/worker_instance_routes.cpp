// Worker side: what should run, how it is, and who may run it.
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "edge_server/http_reply.h"
#include "edge_server/identifiers.h"
#include "edge_server/request_fields.h"
#include "edge_server/route_handlers.h"
#include "runtime/json.h"

namespace edge_server::worker {

using Json = nlohmann::json;
using runtime::HttpResponse;
using runtime::Task;

namespace {

constexpr std::size_t kMaxPage = 1'000;
constexpr std::size_t kMaxQr = 256u << 10;
constexpr std::size_t kMaxLocksInBatch = 1'000;
constexpr Millis kShortestTtl = 1'000;
constexpr Millis kLongestTtl = 600'000;

// "<priority>|<id>" of the last instance of the page before.
std::optional<std::pair<std::int64_t, std::string>> read_cursor(const std::string& cursor) {
  const auto bar = cursor.find('|');
  if (bar == std::string::npos) return std::nullopt;
  const auto priority = to_number(cursor.substr(0, bar));
  if (!priority) return std::nullopt;
  return std::pair{*priority, cursor.substr(bar + 1)};
}

Json eligible(const Instance& instance) {
  const auto& settings = instance.settings;
  Json out{{"id", settings.id}, {"priority", settings.priority}};
  if (!settings.name.empty()) out["display_name"] = settings.name;
  if (!settings.pairing_phone.empty()) out["pairing_phone"] = settings.pairing_phone;
  if (!settings.proxy_url.empty()) out["proxy_url"] = settings.proxy_url;
  if (auto object = runtime::parse_json(settings.settings_json); object && object->is_object())
    out["settings"] = *std::move(object);
  return out;
}

StatusReport read_status(Fields& in) {
  StatusReport report;
  report.status = in.required_text("status");
  if (report.status != "CONNECTING" && report.status != "CONNECTED" && report.status != "DISCONNECTED")
    in.refuse("status must be CONNECTING, CONNECTED or DISCONNECTED");
  if (in.has("qr_code")) {
    report.qr_change = StatusReport::Qr::kReplace;
    report.qr_code = in.text("qr_code", kMaxQr);
    report.qr = in.text("qr");
    if (!report.qr_code.empty() && !report.qr_code.starts_with("data:image/"))
      in.refuse("qr_code is no data URL");
  }
  report.pairing_code = in.text("pairing_code");
  report.reason = in.text("reason");
  report.reason_code = in.integer("reason_code").value_or(0);
  report.attempt = in.integer("attempt").value_or(0);
  report.next_retry_at = in.text("next_retry_at");
  report.jid = in.text("jid");
  report.lid = in.text("lid");
  report.push_name = in.text("push_name");
  report.passkey_json = in.structure("passkey");
  return report;
}

LockClaim read_claim(Services& edge, Fields& in) {
  LockClaim claim;
  claim.instance_id = in.required_text("instanceId");
  claim.owner = in.required_text("instance_owner");
  claim.ttl = std::clamp<Millis>(in.integer("ttl_ms").value_or(30'000), kShortestTtl, kLongestTtl);
  claim.now = edge.now();
  return claim;
}

Json lock_json(const Lock& lock) {
  const base::Clock::wall_time expires{std::chrono::milliseconds{lock.expires_at}};
  return {{"acquired", true},
          {"lock_acquired", true},
          {"instance_owner", lock.owner},
          {"owner", lock.owner},
          {"lock_token", lock.token},
          {"token", lock.token},
          {"fence", lock.fence},
          {"expires_at", base::to_rfc3339(expires)}};
}

HttpResponse lock_reply(const Result<Lock>& lock) {
  if (lock) return json_reply(200, lock_json(*lock));
  if (lock.error().code != base::ErrorCode::kConflict) return problem(lock.error());
  return json_reply(409, {{"acquired", false},
                          {"lock_acquired", false},
                          {"error", "lock_conflict"},
                          {"detail", lock.error().message}});
}

}  // namespace

Task<HttpResponse> settings(Services& edge, const RouteCall&) {
  Json out{{"max_active_instances", nullptr},
           {"capabilities", {"queue.batch", "lock.batch", "events", "commands"}}};
  if (edge.settings.max_active_instances) out["max_active_instances"] = *edge.settings.max_active_instances;
  co_return json_reply(200, out);
}

Task<HttpResponse> eligible_instances(Services& edge, const RouteCall& call) {
  InstanceQuery query;
  query.which =
      call.query("enabled") == "false" ? InstanceQuery::Which::kAll : InstanceQuery::Which::kEnabled;
  query.limit = page_limit(call, 50, kMaxPage);
  query.after = read_cursor(call.query("cursor"));
  const auto job = [&] { return edge.store.instances(query); };
  const auto found = co_await edge.lane.run(job);
  if (!found) co_return problem(found.error());
  Json list = Json::array();
  for (const auto& instance : *found) list.push_back(eligible(instance));
  Json out{{"instances", std::move(list)}, {"next_cursor", nullptr}};
  if (found->size() == query.limit) {
    const auto& last = found->back().settings;
    out["next_cursor"] = std::to_string(last.priority) + "|" + last.id;
  }
  co_return json_reply(200, out);
}

Task<HttpResponse> update_status(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto id = in.required_text("instanceId");
  auto report = read_status(in);
  report.at = edge.now();
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.put_status(id, report); };
  co_return reply_to(co_await edge.lane.run(job));
}

Task<HttpResponse> acquire_lock(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  auto claim = read_claim(edge, in);
  claim.token = unguessable_id(edge.random);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.acquire_lock(claim); };
  co_return lock_reply(co_await edge.lane.run(job));
}

Task<HttpResponse> renew_lock(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  auto claim = read_claim(edge, in);
  claim.token = in.text("lock_token");
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.renew_lock(claim); };
  co_return lock_reply(co_await edge.lane.run(job));
}

Task<HttpResponse> release_lock(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  auto claim = read_claim(edge, in);
  claim.token = in.text("lock_token");
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.release_lock(claim); };
  co_return reply_to(co_await edge.lane.run(job));
}

namespace {

std::vector<LockClaim> read_batch(Services& edge, Fields& in) {
  std::vector<LockClaim> claims;
  const Json& locks = in.raw("locks");
  if (!locks.is_array() || locks.size() > kMaxLocksInBatch) {
    in.refuse("locks must be a list");
    return claims;
  }
  LockClaim common;
  common.owner = in.required_text("instance_owner");
  common.ttl = std::clamp<Millis>(in.integer("ttl_ms").value_or(30'000), kShortestTtl, kLongestTtl);
  common.now = edge.now();
  for (const auto& entry : locks) {
    Fields one(entry);
    common.instance_id = one.required_text("instanceId");
    common.token = one.required_text("lock_token");
    if (one.error()) in.refuse(one.error()->message);
    claims.push_back(common);
  }
  return claims;
}

Result<Json> renew_all(EdgeStore& store, const std::vector<LockClaim>& claims) {
  Json out = Json::array();
  for (const auto& claim : claims) {
    const auto lock = store.renew_lock(claim);
    if (!lock && lock.error().code != base::ErrorCode::kConflict) return base::fail(lock.error());
    Json entry{{"instanceId", claim.instance_id}, {"renewed", lock.has_value()}};
    if (lock) entry.update({{"fence", lock->fence}, {"expires_at", lock_json(*lock)["expires_at"]}});
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

Task<HttpResponse> renew_lock_batch(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto claims = read_batch(edge, in);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return renew_all(edge.store, claims); };
  const auto locks = co_await edge.lane.run(job);
  if (!locks) co_return problem(locks.error());
  co_return json_reply(200, {{"locks", *locks}});
}

}  // namespace edge_server::worker
