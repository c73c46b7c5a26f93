#include "commands/account_commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands/command_table.h"
#include "runtime/json.h"

namespace worker {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Task;

namespace {

const Command* find(std::string_view name) {
  for (const auto family : {group_commands(), chat_commands(), presence_commands(), profile_commands()}) {
    const auto found = std::ranges::find(family, name, &Command::name);
    if (found != family.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

Task<Result<std::string>> AccountCommands::execute(std::string name, std::string args_json) {
  if (const auto link = link_commands_.find(name); link != link_commands_.end())
    co_return co_await link->second(std::move(args_json));
  const Command* command = find(name);
  if (command == nullptr) co_return fail(ErrorCode::kNotFound, "this worker knows no such command");
  auto args = runtime::parse_json(args_json);
  if (!args || !args->is_object()) co_return fail(ErrorCode::kInvalidArgument, "the arguments are no object");
  const nlohmann::json object = *std::move(args);
  Arguments in(object);
  const auto answer = co_await command->run(client_, in);
  if (in.error()) co_return fail(*in.error());
  if (!answer) co_return fail(answer.error());
  co_return runtime::to_text(*answer);
}

CommandExecutor::Repetition AccountCommands::repetition(const std::string& name) const {
  const Command* command = find(name);
  return command == nullptr ? Repetition::kHarmless : command->repetition;
}

}  // namespace worker
