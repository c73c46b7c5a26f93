#include "commands/command_runner.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/json.h"
#include "runtime/one_shot.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using Json = nlohmann::json;
using runtime::Task;
using whatsapp::store::Changes;
using whatsapp::store::DeviceStore;

namespace {

constexpr const char* kRecord = "command";  // key: id; empty value: begun
constexpr std::int64_t kRemembered = 24 * 3'600;
constexpr std::size_t kLongestId = 128;

std::string error_word(const base::Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return "unknown_command";
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kMalformed:
      return "invalid_arguments";
    case ErrorCode::kClosed:
      return "not_connected";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kRejected:
      return "rejected_by_server";
    case ErrorCode::kLimit:
      return "limit";
    default:
      return "failed";
  }
}

std::string encode_outcome(const edge::CommandResult& result) {
  return runtime::to_text(
      {{"result", result.result_json}, {"error_code", result.error_code}, {"error", result.error}});
}

void decode_outcome(std::string_view text, edge::CommandResult& result) {
  const auto json = runtime::parse_json(text);
  if (!json || !json->is_object()) return;
  const auto read = [&json](const char* key) {
    const auto found = json->find(key);
    return found != json->end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  result.result_json = read("result");
  result.error_code = read("error_code");
  result.error = read("error");
}

}  // namespace

CommandRunner::CommandRunner(CommandDependencies dependencies, CommandSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      scope_(with_.loop),
      lanes_(scope_, settings_.parallel) {}

Task<void> CommandRunner::run() {
  for (;;) {
    const auto pause = with_.random.jitter(settings_.poll, 0.2);
    if (const auto slept = co_await runtime::sleep_for(with_.loop, pause); !slept) break;
    if (queue_ == QueuePolling::kOn || !with_.capabilities.has(edge::Capability::kCommands)) continue;
    edge::Call call;
    call.fence = with_.fence;
    auto given = co_await with_.edge.commands(settings_.instance_id, std::move(call));
    if (!given) continue;
    for (auto& command : *given) add(std::move(command));
  }
  co_await scope_.close();
}

void CommandRunner::add(edge::InstanceCommand command) {
  const bool ours = command.instance_id.empty() || command.instance_id == settings_.instance_id;
  if (!ours || command.id.size() > kLongestId || under_way_.size() >= settings_.most_under_way) return;
  if (!under_way_.insert(command.id).second) return;
  const std::string id = command.id;
  lanes_.add(id, carry_out(std::move(command)));
}

Task<void> CommandRunner::carry_out(edge::InstanceCommand command) {
  auto outcome = co_await outcome_of(command);
  if (outcome) co_await tell(*std::move(outcome));
  under_way_.erase(command.id);
}

Task<Result<edge::CommandResult>> CommandRunner::outcome_of(const edge::InstanceCommand& command) {
  edge::CommandResult result;
  result.command_id = command.id;
  result.instance_id = settings_.instance_id;
  const auto query = [&command](DeviceStore& device) { return device.record(kRecord, command.id); };
  WA_CO_TRY(const auto known, co_await with_.store.read(query));
  if (known && !known->empty()) {
    decode_outcome(base::as_text(*known), result);
    co_return result;
  }
  const bool harmless = with_.executor.repetition(command.name) == CommandExecutor::Repetition::kHarmless;
  if (known && !harmless) {
    result.error_code = "outcome_unknown";
    result.error = "the worker stopped in the middle of it; look whether it took effect";
  } else {
    if (!harmless) WA_CO_TRY_VOID(co_await remember(command.id, {}));
    auto done = co_await with_.executor.execute(command.name, command.args_json);
    if (!done && done.error().code == ErrorCode::kCancelled) co_return base::fail(done.error());
    if (done) {
      result.result_json = *std::move(done);
    } else {
      result.error_code = error_word(done.error());
      result.error = done.error().message;
    }
    with_.log.info("command carried out",
                   {{"command", command.name}, {"result", done ? "ok" : result.error_code}});
  }
  // A failed commit only means that it may be done once more or told as unknown.
  (void)co_await remember(command.id, encode_outcome(result));
  co_return result;
}

Task<Result<void>> CommandRunner::remember(std::string id, std::string outcome) {
  Changes changes;
  const auto until = with_.loop.clock().unix_seconds() + kRemembered;
  changes.records.push_back({kRecord, std::move(id), base::to_bytes(outcome), until});
  co_return co_await with_.store.commit(std::move(changes));
}

Task<void> CommandRunner::tell(edge::CommandResult result) {
  edge::Call call;
  call.retry = edge::Retry::until(with_.loop.clock().now() + std::chrono::minutes{10});
  call.fence = with_.fence;
  const std::string id = result.command_id;
  const auto told = co_await with_.edge.command_result(std::move(result), std::move(call));
  if (!told && told.error().code != ErrorCode::kCancelled)
    with_.log.warn("the result of a command cannot be told",
                   {{"command_id", id}, {"error", told.error().message}});
}

}  // namespace worker
