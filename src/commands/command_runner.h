// Does what the edge asks of one account besides sending, and answers. A command may be given out more than
// once: what it came to is kept for a day and told again, and one that a crash cut short is not begun anew
// unless that is harmless, because nobody knows whether it took effect.
//
//   given out ─▶ begun (committed) ─▶ executed ─▶ ended (committed) ─▶ POST /command-result
#pragma once

#include <optional>
#include <string>
#include <unordered_set>

#include "base/log.h"
#include "base/random.h"
#include "edge/capabilities.h"
#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/keyed_lanes.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"

namespace worker {

/// Knows the commands by name.
class CommandExecutor {
 public:
  virtual ~CommandExecutor() = default;
  /// The result as a JSON object, or what went wrong. kNotFound: no such command.
  virtual runtime::Task<base::Result<std::string>> execute(std::string name, std::string args_json) = 0;
  /// Whether doing it twice is as good as once.
  enum class Repetition { kHarmless, kHarmful };
  [[nodiscard]] virtual Repetition repetition(const std::string& name) const = 0;
};

struct CommandSettings {
  std::string instance_id;
  base::Duration poll{30'000};  // while the queue is not polled
  std::size_t parallel = 4;
  std::size_t most_under_way = 100;
};

struct CommandDependencies {
  runtime::EventLoop& loop;
  edge::Edge& edge;
  const edge::Capabilities& capabilities;
  whatsapp::AccountStore& store;
  CommandExecutor& executor;
  base::Random& random;
  base::Log log;
  std::optional<std::uint64_t> fence;  // of the instance's lock
};

class CommandRunner {
 public:
  CommandRunner(CommandDependencies dependencies, CommandSettings settings);
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// Until cancelled; once per object. Asks the edge itself while the queue is not polled.
  runtime::Task<void> run();
  /// One that came with the queue's answer.
  void add(edge::InstanceCommand command);

  enum class QueuePolling { kOn, kOff };
  void set_queue_polling(QueuePolling polling) { queue_ = polling; }

 private:
  runtime::Task<void> carry_out(edge::InstanceCommand command);
  runtime::Task<base::Result<edge::CommandResult>> outcome_of(const edge::InstanceCommand& command);
  runtime::Task<base::Result<void>> remember(std::string id, std::string outcome);
  runtime::Task<void> tell(edge::CommandResult result);

  CommandDependencies with_;
  CommandSettings settings_;
  runtime::TaskScope scope_;
  runtime::KeyedLanes lanes_;
  std::unordered_set<std::string> under_way_;  // ids
  QueuePolling queue_ = QueuePolling::kOff;
};

}  // namespace worker
