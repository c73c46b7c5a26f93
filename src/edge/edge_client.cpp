#include "edge/edge_client.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "edge/json_codec.h"
#include "edge/request_runner.h"
#include "runtime/body_sources.h"
#include "runtime/http.h"

namespace edge {
namespace {

using base::ErrorCode;
using base::Result;
using Endpoint = EdgeRequest::Endpoint;

constexpr std::uint32_t kSmallestInstanceLimit = 50;
constexpr std::uint32_t kUnlimitedPage = 1'000;
constexpr std::size_t kMostInstances = 10'000;
constexpr unsigned kMostPages = 200;
constexpr base::Duration kUploadBase{30'000};
constexpr std::uint64_t kUploadBytesPerSecond = 256u << 10;

EdgeRequest get(std::string_view route, std::string query = {}) {
  EdgeRequest request;
  request.route = route;
  request.method = "GET";
  request.path = std::string{route} + std::move(query);
  return request;
}

EdgeRequest post(std::string_view route, std::string body) {
  EdgeRequest request;
  request.route = route;
  request.path = std::string{route};
  request.body = std::move(body);
  return request;
}

bool is_conflict(const runtime::HttpResponse& response) { return response.status == 409; }

bool is_conflict_or_unknown_instance(const runtime::HttpResponse& response) {
  return response.status == 409 || response.status == 404;
}

bool is_duplicate_contact(const runtime::HttpResponse& response) {
  return response.status == 409 ||
         (response.status == 500 && response.body.find("duplicate") != std::string::npos);
}

bool is_no_primary_jid(const runtime::HttpResponse& response) { return response.status == 404; }

runtime::Task<Result<void>> for_effect(RequestRunner& runner, EdgeRequest request, Call call) {
  WA_CO_TRY([[maybe_unused]] auto answer, co_await runner.run(std::move(request), std::move(call)));
  co_return Result<void>{};
}

/// A form of four fields, the file last. Names and types come from peers: nothing that ends a line.
std::pair<std::string, std::string> form_of(const MediaUpload& upload, std::string_view boundary) {
  const auto clean = [](std::string_view text) {
    std::string out;
    for (const char c : text)
      if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\') out += c;
    return out;
  };
  std::string head;
  const auto field = [&](std::string_view name, std::string_view value) {
    head += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, name,
                        clean(value));
  };
  field("instanceId", upload.instance_id);
  field("messageId", upload.wa_message_id);
  field("mime_type", upload.mime_type);
  field("file_name", upload.file_name);
  head += fmt::format(
      "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
      boundary, clean(upload.file_name), clean(upload.mime_type));
  return {std::move(head), fmt::format("\r\n--{}--\r\n", boundary)};
}

std::string instances_query(std::uint32_t limit, const std::string& cursor) {
  const auto page = limit == 0 ? kUnlimitedPage : std::max(kSmallestInstanceLimit, limit);
  std::string query = fmt::format("?enabled=true&limit={}&order=priority.desc", page);
  if (!cursor.empty()) query += "&cursor=" + runtime::url_encode(cursor);
  return query;
}

}  // namespace

bool WorkerSettings::has(std::string_view capability) const {
  return std::ranges::find(capabilities, capability) != capabilities.end();
}

std::string trim_base_url(std::string_view url) {
  const auto trim_slashes = [&url] {
    while (url.ends_with('/')) url.remove_suffix(1);
  };
  trim_slashes();
  if (url.ends_with("/inbound")) url.remove_suffix(std::string_view{"/inbound"}.size());
  trim_slashes();
  return std::string{url};
}

EdgeClient::EdgeClient(runtime::EventLoop& loop, EdgeTransport& transport, base::Random& random,
                       EdgeClientSettings settings, base::Log log, RequestObserver observer)
    : runner_(std::make_unique<RequestRunner>(loop, transport, random, std::move(settings), std::move(log),
                                              std::move(observer))) {}

EdgeClient::~EdgeClient() = default;

Reachability EdgeClient::reachability() const { return runner_->reachability(); }

// ---- what should run --------------------------------------------------------------------------------

Edge::Reply<WorkerSettings> EdgeClient::worker_settings(Call call) {
  auto request = get("/worker-settings");
  request.endpoint = Endpoint::kOptional;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  co_return json_codec::decode_worker_settings(answer.body);
}

Edge::Reply<std::vector<EligibleInstance>> EdgeClient::eligible_instances(std::uint32_t limit, Call call) {
  const std::size_t most = limit == 0 ? kMostInstances : limit;
  std::vector<EligibleInstance> found;
  std::set<std::string> ids;
  std::set<std::string> cursors;  // an edge that gives the same cursor twice would turn us in a circle
  std::string cursor;
  for (unsigned page_number = 0; page_number < kMostPages && ids.size() < kMostInstances; ++page_number) {
    auto request = get("/eligible-instances", instances_query(limit, cursor));
    WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), call));
    WA_CO_TRY(auto page, json_codec::decode_instances(answer.body));
    for (auto& instance : page.instances)
      if (ids.insert(instance.id).second) found.push_back(std::move(instance));
    cursor = std::move(page.next_cursor);
    if (cursor.empty() || !cursors.insert(cursor).second) break;
  }
  std::ranges::stable_sort(found, std::greater{}, &EligibleInstance::priority);
  if (found.size() > most) found.resize(most);
  co_return found;
}

Edge::Reply<void> EdgeClient::update_status(StatusUpdate update, Call call) {
  return for_effect(*runner_, post("/update-status", json_codec::encode(update)), std::move(call));
}

// ---- outbound ---------------------------------------------------------------------------------------

Edge::Reply<QueueListing> EdgeClient::queued_messages(std::string instance_id, Call call) {
  auto request = get("/queued-messages", "?instanceId=" + runtime::url_encode(instance_id));
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  co_return json_codec::decode_queue(answer.body, instance_id);
}

Edge::Reply<QueueListing> EdgeClient::claim_messages(ClaimRequest claim, Call call) {
  auto request = post("/queued-messages/claim", json_codec::encode(claim));
  request.endpoint = Endpoint::kOptional;
  request.timeout = runner_->settings().request_timeout + claim.wait;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  co_return json_codec::decode_queue(answer.body, {});
}

Edge::Reply<void> EdgeClient::mark_sent(MarkSent mark, Call call) {
  auto request = post("/mark-sent", json_codec::encode(mark));
  request.fact = {mark.instance_id, mark.message_id, mark.wa_message_id};
  co_return co_await for_effect(*runner_, std::move(request), std::move(call));
}

Edge::Reply<void> EdgeClient::mark_failed(MarkFailed mark, Call call) {
  auto request = post("/mark-failed", json_codec::encode(mark));
  request.fact = {mark.instance_id, mark.message_id, mark.error};
  request.endpoint = Endpoint::kOptional;
  co_return co_await for_effect(*runner_, std::move(request), std::move(call));
}

// ---- inbound ----------------------------------------------------------------------------------------

Edge::Reply<void> EdgeClient::inbound(InboundMessage message, Call call) {
  auto request = post("/inbound", json_codec::encode(message));
  if (!message.wa_message_id.empty())
    request.fact = {message.instance_id, message.chat_id, message.sender_jid_raw, message.wa_message_id,
                    message.kind};
  co_return co_await for_effect(*runner_, std::move(request), std::move(call));
}

Edge::Reply<std::string> EdgeClient::resolve_contact(ContactQuery query, Call call) {
  auto request = post("/contacts/resolve", json_codec::encode(query));
  request.endpoint = Endpoint::kOptional;
  request.is_answer = is_duplicate_contact;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  if (answer.status >= 300) co_return base::fail(ErrorCode::kConflict, "the contact is being created");
  co_return json_codec::decode_contact_id(answer.body);
}

Edge::Reply<std::optional<std::string>> EdgeClient::primary_jid(std::string instance_id, std::string lid,
                                                                Call call) {
  auto request = get("/contacts/primary-jid",
                     "?instanceId=" + runtime::url_encode(instance_id) + "&jid=" + runtime::url_encode(lid));
  request.is_answer = is_no_primary_jid;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  if (answer.status == 404) co_return std::optional<std::string>{};
  co_return json_codec::decode_primary_jid(answer.body);
}

Edge::Reply<std::string> EdgeClient::upload_media(MediaUpload upload, Call call) {
  using Inside = runtime::FramedSource::Inside;
  const bool as_form = upload.form == MediaUpload::Form::kMultipart;
  const std::string boundary = "wa-worker-" + base::to_hex(runner_->random().bytes<16>());
  auto [head, tail] = as_form ? form_of(upload, boundary) : json_codec::frame_of(upload);
  runtime::FramedSource body(std::move(head), *upload.content, std::move(tail),
                             as_form ? Inside::kAsItIs : Inside::kBase64);
  auto request = post("/upload-media", {});
  request.source = &body;
  const std::string form_type = fmt::format("multipart/form-data; boundary={}", boundary);
  if (as_form) request.content_type = form_type;
  request.fact = {upload.instance_id, upload.wa_message_id, upload.file_name};
  request.timeout = kUploadBase + std::chrono::seconds{upload.content->length() / kUploadBytesPerSecond};
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  co_return json_codec::decode_media_url(answer.body);
}

Edge::Reply<void> EdgeClient::send_events(std::vector<Event> events, Call call) {
  auto request = post("/events", json_codec::encode(events));
  for (const auto& event : events) request.fact.emplace_back(event.id);
  request.endpoint = Endpoint::kOptional;
  co_return co_await for_effect(*runner_, std::move(request), std::move(call));
}

Edge::Reply<std::vector<InstanceCommand>> EdgeClient::commands(std::string instance_id, Call call) {
  auto request = get("/commands", "?instanceId=" + runtime::url_encode(instance_id));
  request.endpoint = Endpoint::kOptional;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  co_return json_codec::decode_commands(answer.body, instance_id);
}

Edge::Reply<void> EdgeClient::command_result(CommandResult result, Call call) {
  auto request = post("/command-result", json_codec::encode(result));
  request.fact = {result.instance_id, result.command_id};
  request.endpoint = Endpoint::kOptional;
  co_return co_await for_effect(*runner_, std::move(request), std::move(call));
}

// ---- locks ------------------------------------------------------------------------------------------

Edge::Reply<LockGrant> EdgeClient::acquire_lock(LockRequest lock, Call call) {
  auto request = post("/instance-lock/acquire", json_codec::encode(lock));
  request.is_answer = is_conflict_or_unknown_instance;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  if (answer.status == 404)
    co_return base::fail(ErrorCode::kNotFound, "the edge knows no such instance", 404);
  if (answer.status == 409)
    co_return base::fail(ErrorCode::kConflict, "lock_conflict: another worker holds the instance", 409);
  WA_CO_TRY(auto grant, json_codec::decode_lock(answer.body, json_codec::LockAnswer::kAcquire, lock.owner));
  grant.requested_at = answer.requested_at;
  co_return grant;
}

Edge::Reply<LockGrant> EdgeClient::renew_lock(HeldLock lock, Call call) {
  auto request = post("/instance-lock/renew", json_codec::encode_renewal(lock));
  request.is_answer = is_conflict;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  if (answer.status == 409)
    co_return base::fail(ErrorCode::kConflict, "lock_conflict: another worker holds the instance", 409);
  WA_CO_TRY(auto grant, json_codec::decode_lock(answer.body, json_codec::LockAnswer::kRenew, lock.owner));
  if (grant.token.empty()) grant.token = lock.token;
  grant.requested_at = answer.requested_at;
  co_return grant;
}

Edge::Reply<LockBatchGrant> EdgeClient::renew_locks(LockBatch batch, Call call) {
  auto request = post("/instance-lock/renew-batch", json_codec::encode(batch));
  request.endpoint = Endpoint::kOptional;
  WA_CO_TRY(auto answer, co_await runner_->run(std::move(request), std::move(call)));
  WA_CO_TRY(auto grant, json_codec::decode_lock_batch(answer.body));
  grant.requested_at = answer.requested_at;
  co_return grant;
}

Edge::Reply<void> EdgeClient::release_lock(HeldLock lock, std::string handoff_to, Call call) {
  return for_effect(*runner_, post("/instance-lock/release", json_codec::encode_release(lock, handoff_to)),
                    std::move(call));
}

}  // namespace edge
