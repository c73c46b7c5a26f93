// The commands by name, in families. A command is a function of the account and its arguments that gives a
// JSON object. docs/commands.md lists all of them; a test compares.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/result.h"
#include "commands/arguments.h"
#include "commands/command_runner.h"
#include "runtime/task.h"
#include "whatsapp/client/client.h"

namespace worker {

using CommandAnswer = runtime::Task<base::Result<nlohmann::json>>;

struct Command {
  std::string_view name;
  CommandExecutor::Repetition repetition;
  /// `in` lives until the task ends.
  CommandAnswer (*run)(whatsapp::Client& client, Arguments& in);
};

/// In a command, when all its arguments are read: ends it if one of them is wrong.
#define WA_REFUSE_BAD(in) \
  if ((in).error()) co_return base::fail(*(in).error())

std::span<const Command> group_commands();
std::span<const Command> chat_commands();
std::span<const Command> presence_commands();
std::span<const Command> profile_commands();

}  // namespace worker
