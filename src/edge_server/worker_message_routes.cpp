// Worker side: messages out of the queue, messages in, and what happened to them.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "edge_server/credentials.h"
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

constexpr std::size_t kMaxQueuePage = 100;
constexpr std::size_t kMaxClaim = 500;
constexpr std::size_t kMaxInstancesInClaim = 5'000;
constexpr std::size_t kMaxEvents = 1'000;
constexpr std::int64_t kLongestWait = 30'000;

// The entry as the person posted it, under the ids that the edge gave it.
Json queue_entry(const Message& message) {
  auto payload = runtime::parse_json(message.payload_json);
  Json entry = payload && payload->is_object() ? *std::move(payload) : Json::object();
  entry["id"] = message.id;
  entry["instanceId"] = message.instance_id;
  entry["body"] = message.body;
  return entry;
}

struct Waiting {
  std::vector<Message> messages;
  std::vector<Command> commands;
  [[nodiscard]] bool empty() const { return messages.empty() && commands.empty(); }
};

HttpResponse queue_reply(const Waiting& waiting) {
  Json list = Json::array();
  for (const auto& message : waiting.messages) list.push_back(queue_entry(message));
  Json out{{"messages", std::move(list)}};
  if (!waiting.commands.empty()) out["commands"] = waiting_commands_json(waiting.commands);
  return json_reply(200, out);
}

Result<Waiting> claim_all(Services& edge, const ClaimOrder& order) {
  Waiting waiting;
  WA_TRY(waiting.messages, edge.store.claim(order));
  for (const auto& id : order.instance_ids) {
    WA_TRY(auto commands, edge.store.take_commands(id, order.now));
    std::ranges::move(commands, std::back_inserter(waiting.commands));
  }
  return waiting;
}

struct ClaimWish {
  ClaimOrder order;
  Millis lease = 0;
  base::Duration wait{};
};

ClaimWish read_claim(Fields& in) {
  ClaimWish wish;
  wish.order.instance_ids = in.texts("instanceIds", kMaxInstancesInClaim);
  const auto limit = in.integer("limit").value_or(100);
  wish.order.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, kMaxClaim));
  wish.lease = std::clamp<std::int64_t>(in.integer("lease_ms").value_or(60'000), 1'000, 600'000);
  wish.wait = base::Duration{std::clamp<std::int64_t>(in.integer("wait_ms").value_or(0), 0, kLongestWait)};
  return wish;
}

}  // namespace

Task<HttpResponse> queued_messages(Services& edge, const RouteCall& call) {
  const auto instance = call.query("instanceId");
  if (instance.empty()) co_return problem(400, "invalid_request", "instanceId is required");
  const auto now = edge.now();
  const auto job = [&]() -> Result<Waiting> {
    Waiting waiting;
    WA_TRY(waiting.messages, edge.store.queued(instance, now, kMaxQueuePage));
    WA_TRY(waiting.commands, edge.store.take_commands(instance, now));
    return waiting;
  };
  const auto waiting = co_await edge.lane.run(job);
  if (!waiting) co_return problem(waiting.error());
  co_return queue_reply(*waiting);
}

Task<HttpResponse> claim_messages(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  auto wish = read_claim(in);
  if (in.error()) co_return problem(*in.error());
  const auto deadline = edge.clock.now() + wish.wait;
  for (;;) {
    wish.order.now = edge.now();
    wish.order.lease_until = wish.order.now + wish.lease;
    const auto job = [&] { return claim_all(edge, wish.order); };
    const auto claimed = co_await edge.lane.run(job);
    if (!claimed) co_return problem(claimed.error());
    if (!claimed->empty() || edge.clock.now() >= deadline) co_return queue_reply(*claimed);
    const auto rung = co_await edge.bell.wait_until(deadline);
    if (!rung && rung.error().code == base::ErrorCode::kCancelled) co_return problem(rung.error());
  }
}

Task<HttpResponse> mark_sent(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  SentMark mark;
  mark.message_id = in.required_text("messageId");
  mark.wa_id = in.text("wa_message_id");
  mark.sent_at = edge.now();
  if (in.raw("send_debug").is_object()) {
    Fields debug(in.raw("send_debug"));
    mark.chat = debug.text("toNormalized");
  }
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.mark_sent(mark); };
  co_return reply_to(co_await edge.lane.run(job));
}

Task<HttpResponse> mark_failed(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  FailedMark mark;
  mark.message_id = in.required_text("messageId");
  mark.error = in.text("error", 4'096);
  mark.error_code = in.text("error_code");
  if (in.error()) co_return problem(*in.error());
  if (mark.error.empty()) mark.error = "failed";
  const auto job = [&] { return edge.store.mark_failed(mark); };
  co_return reply_to(co_await edge.lane.run(job));
}

// ---- inbound ------------------------------------------------------------------------------------------

namespace {

Message read_inbound(Services& edge, const Json& body, Fields& in) {
  Message message;
  message.id = "msg_" + uuid_v7(edge.clock, edge.random);
  message.direction = Direction::kIn;
  message.state = MessageState::kReceived;
  message.instance_id = in.required_text("instanceId");
  message.chat = in.text("chat_id_norm");
  if (message.chat.empty()) message.chat = in.required_text("chat_id");
  message.sender = in.required_text("sender_jid_raw");
  (void)in.required_text("from");
  (void)in.text("to");
  message.sender_name = in.text("push_name");
  message.body = in.text("body", kMaxBody * 4);
  message.wa_id = in.text("wa_message_id");
  message.created_at = edge.now();
  const auto seconds = in.integer("timestamp").value_or(0);
  message.sent_at = seconds > 0 && seconds < 100'000'000'000 ? seconds * 1'000 : 0;
  message.kind = in.text("kind");
  if (message.kind.empty()) message.kind = in.text("media_type");
  if (message.kind.empty()) message.kind = "text";
  if (in.boolean("from_me").value_or(false)) {
    // Sent on the phone or another device: ours, but not from this queue.
    message.sender_name.clear();
  }
  if (body.is_object()) message.payload_json = runtime::to_text(body);
  return message;
}

// The number behind a LID, if this message gives both.
std::optional<LidPair> lid_pair_of(Fields& in, const Message& message) {
  LidPair pair{in.text("sender_lid"), in.text("sender_pn")};
  if (pair.lid.empty() && message.sender.ends_with("@lid")) pair.lid = message.sender;
  if (!pair.lid.ends_with("@lid") || !pair.pn.ends_with("@s.whatsapp.net")) return std::nullopt;
  return pair;
}

}  // namespace

Task<HttpResponse> inbound(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto message = read_inbound(edge, *call.body, in);
  const auto pair = lid_pair_of(in, message);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&]() -> Result<void> {
    if (pair) WA_TRY_VOID(edge.store.learn_lid(message.instance_id, *pair));
    WA_TRY_VOID(edge.store.add_inbound(message));
    return {};
  };
  co_return reply_to(co_await edge.lane.run(job));
}

Task<HttpResponse> resolve_contact(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  ContactKey key;
  key.instance_id = in.required_text("instanceId");
  key.jid = in.required_text("jid");
  key.push_name = in.text("push_name");
  key.new_id = "con_" + uuid_v7(edge.clock, edge.random);
  key.now = edge.now();
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.contact_id(key); };
  const auto id = co_await edge.lane.run(job);
  if (!id) co_return problem(id.error());
  co_return json_reply(200, {{"contact_id", *id}});
}

Task<HttpResponse> primary_jid(Services& edge, const RouteCall& call) {
  const auto instance = call.query("instanceId");
  const auto lid = call.query("jid");
  const auto job = [&] { return edge.store.pn_of(instance, lid); };
  const auto pn = co_await edge.lane.run(job);
  if (!pn) co_return problem(pn.error());
  if (!*pn) co_return problem(404, "not_found", "no number is known for this LID");
  co_return json_reply(200, {{"jid_pn", **pn}});
}

// ---- events -------------------------------------------------------------------------------------------

namespace {

std::vector<EventRecord> read_events(Services& edge, Fields& in) {
  std::vector<EventRecord> events;
  const Json& list = in.raw("events");
  if (!list.is_array() || list.size() > kMaxEvents) {
    in.refuse("events must be a list of at most 1000");
    return events;
  }
  for (const auto& entry : list) {
    Fields one(entry);
    EventRecord event;
    event.id = one.required_text("id");
    event.type = one.required_text("type");
    event.instance_id = one.required_text("instanceId");
    event.data_json = runtime::to_text(entry);
    event.received_at = edge.now();
    if (one.error()) in.refuse(one.error()->message);
    events.push_back(std::move(event));
  }
  return events;
}

Result<void> apply_events(EdgeStore& store, const std::vector<EventRecord>& events, const Json& list) {
  WA_TRY_VOID(store.add_events(events));
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].type != "message.status") continue;
    Fields one(list[i]);
    WA_TRY_VOID(store.put_receipt(events[i].instance_id, one.text("wa_message_id"), one.text("status")));
  }
  return {};
}

}  // namespace

Task<HttpResponse> events(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto events = read_events(edge, in);
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return apply_events(edge.store, events, in.raw("events")); };
  co_return reply_to(co_await edge.lane.run(job));
}

}  // namespace edge_server::worker
