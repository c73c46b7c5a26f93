// Every command of an account that has a client. Commands about the link itself (logout, a new round of
// pairing, the answer of a passkey) are given by whoever keeps the connection.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "commands/command_runner.h"
#include "whatsapp/client/client.h"

namespace worker {

class AccountCommands final : public CommandExecutor {
 public:
  /// The arguments as a JSON object; the result is one too.
  using LinkCommand = std::function<runtime::Task<base::Result<std::string>>(std::string args_json)>;

  explicit AccountCommands(whatsapp::Client& client) : client_(client) {}
  /// A command about the link, beside those of the table.
  void add(std::string name, LinkCommand command) { link_commands_[std::move(name)] = std::move(command); }

  runtime::Task<base::Result<std::string>> execute(std::string name, std::string args_json) override;
  [[nodiscard]] Repetition repetition(const std::string& name) const override;

 private:
  whatsapp::Client& client_;
  std::map<std::string, LinkCommand> link_commands_;
};

}  // namespace worker
