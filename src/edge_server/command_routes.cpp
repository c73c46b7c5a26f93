// Commands: people ask an instance to do something besides sending, its worker takes them along with the
// queue and answers.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "edge_server/http_reply.h"
#include "edge_server/identifiers.h"
#include "edge_server/render.h"
#include "edge_server/request_fields.h"
#include "edge_server/route_handlers.h"
#include "runtime/json.h"

namespace edge_server {

using Json = nlohmann::json;
using runtime::HttpResponse;
using runtime::Task;

namespace {

constexpr std::size_t kMaxArgs = 256u << 10;
constexpr std::size_t kMaxResult = 4u << 20;
constexpr std::int64_t kLongestWait = 30'000;

}  // namespace

Json waiting_commands_json(const std::vector<Command>& commands) {
  Json list = Json::array();
  for (const auto& command : commands) {
    auto args = runtime::parse_json(command.args_json);
    list.push_back({{"id", command.id},
                    {"instanceId", command.instance_id},
                    {"name", command.name},
                    {"args", args && args->is_object() ? *std::move(args) : Json::object()}});
  }
  return list;
}

namespace worker {

Task<HttpResponse> commands(Services& edge, const RouteCall& call) {
  const auto instance = call.query("instanceId");
  if (instance.empty()) co_return problem(400, "invalid_request", "instanceId is required");
  const auto now = edge.now();
  const auto job = [&] { return edge.store.take_commands(instance, now); };
  const auto waiting = co_await edge.lane.run(job);
  if (!waiting) co_return problem(waiting.error());
  co_return json_reply(200, {{"commands", waiting_commands_json(*waiting)}});
}

Task<HttpResponse> command_result(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  CommandEnd end;
  end.command_id = in.required_text("commandId");
  end.result_json = in.structure("result");
  end.error_code = in.text("error_code");
  end.error = in.text("error", 4'096);
  end.now = edge.now();
  if (!in.boolean("ok").value_or(true) && end.error_code.empty()) end.error_code = "failed";
  if (end.result_json.size() > kMaxResult) in.refuse("result is too long");
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.finish_command(end); };
  const auto done = co_await edge.lane.run(job);
  if (done) edge.answers.ring();
  co_return reply_to(done);
}

}  // namespace worker

namespace people {
namespace {

Command read_command(Services& edge, const RouteCall& call, Fields& in) {
  Command command;
  command.id = "cmd_" + uuid_v7(edge.clock, edge.random);
  command.instance_id = call.parameter("id");
  command.name = in.required_text("name", 64);
  command.created_at = edge.now();
  if (in.has("args") && !in.raw("args").is_object() && !in.raw("args").is_null())
    in.refuse("args must be an object");
  command.args_json = in.structure("args");
  if (command.args_json.size() > kMaxArgs) in.refuse("args are too long");
  if (command.args_json.empty()) command.args_json = "{}";
  return command;
}

base::Duration wait_of(std::int64_t millis) {
  return base::Duration{std::clamp<std::int64_t>(millis, 0, kLongestWait)};
}

/// The command as it is when it has ended, or at the deadline.
Task<Result<Command>> await_end(Services& edge, std::string id, base::Clock::time_point deadline) {
  for (;;) {
    const auto job = [&] { return edge.store.command(id); };
    auto found = co_await edge.lane.run(job);
    if (!found || found->state != Command::State::kWaiting || edge.clock.now() >= deadline) co_return found;
    const auto rung = co_await edge.answers.wait_until(deadline);
    if (!rung && rung.error().code == base::ErrorCode::kCancelled) co_return base::fail(rung.error());
  }
}

}  // namespace

Task<HttpResponse> run_command(Services& edge, const RouteCall& call) {
  Fields in(*call.body);
  const auto command = read_command(edge, call, in);
  const auto wait = wait_of(in.integer("wait_ms").value_or(0));
  if (in.error()) co_return problem(*in.error());
  const auto job = [&] { return edge.store.add_command(command); };
  const auto added = co_await edge.lane.run(job);
  if (!added) co_return problem(added.error());
  edge.bell.ring();
  const auto deadline = edge.clock.now() + wait;
  const auto found = co_await await_end(edge, command.id, deadline);
  if (!found) co_return problem(found.error());
  const int status = found->state == Command::State::kWaiting ? 202 : 200;
  co_return json_reply(status, command_json(*found, edge.now()));
}

Task<HttpResponse> get_command(Services& edge, const RouteCall& call) {
  const auto wait = wait_of(to_number(call.query("wait_ms")).value_or(0));
  const auto deadline = edge.clock.now() + wait;
  const auto found = co_await await_end(edge, call.parameter("command"), deadline);
  if (!found) co_return problem(found.error());
  if (found->instance_id != call.parameter("id")) co_return problem(404, "not_found", "no such command");
  co_return json_reply(200, command_json(*found, edge.now()));
}

}  // namespace people

}  // namespace edge_server
